import Crypto
import NIOCore

/// The hashes that signing needs, as lower-case hexadecimal text.
enum Hashing {
    private static let digits = Array("0123456789abcdef".utf8)

    /// SHA-256 of nothing.
    static let emptySHA256 = sha256([])

    static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        return hex(hash.finalize())
    }

    static func sha256(_ buffer: ByteBuffer) -> String {
        var hash = SHA256()
        buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return hex(hash.finalize())
    }

    static func hmac(_ text: String, key: some Sequence<UInt8>) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: Array(key)))
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
