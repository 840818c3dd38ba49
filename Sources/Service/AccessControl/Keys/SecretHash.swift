import Crypto
import TextCoding

/// SHA-256 of a secret with at least 128 random bits, for which one round of a fast hash is enough: nobody can try all
/// secrets. Equality takes the same time for every other value.
struct SecretHash: Sendable, Hashable {
    let bytes: [UInt8]

    init(of secret: some Sequence<UInt8>) {
        bytes = Array(SHA256.hash(data: Array(secret)))
    }

    /// Nil if the text is not 64 hexadecimal digits.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap(Hexadecimal.value)
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static func == (left: SecretHash, right: SecretHash) -> Bool {
        zip(left.bytes, right.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
