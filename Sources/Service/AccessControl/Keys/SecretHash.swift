import Crypto
import TextCoding

/// SHA-256 of a secret with at least 128 random bits, for which one round of a fast hash is enough: nobody can try all
/// secrets. Equality takes the same time for every other value.
struct SecretHash: Sendable, Hashable {
    private let words: SIMD4<UInt64>

    init(of secret: some Sequence<UInt8>) {
        self.init(Array(SHA256.hash(data: Array(secret))))
    }

    /// Nil if the text is not 64 hexadecimal digits.
    init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap(Hexadecimal.value)
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        self.init(stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }

    /// - Parameter bytes: 32.
    private init(_ bytes: [UInt8]) {
        var words = SIMD4<UInt64>()
        for (place, byte) in bytes.enumerated() { words[place / 8] = words[place / 8] << 8 | UInt64(byte) }
        self.words = words
    }

    var hexadecimal: String {
        Hexadecimal.encode((0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) })
    }

    static func == (left: SecretHash, right: SecretHash) -> Bool {
        let difference = left.words ^ right.words
        return difference[0] | difference[1] | difference[2] | difference[3] == 0
    }
}
