import Crypto
import NIOCore
import ObjectStorage
import TextCoding

/// The hashes that signing needs, as lower-case hexadecimal text.
enum Hashing {
    /// SHA-256 of no bytes.
    static let emptySHA256 = sha256([])

    static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        return Hexadecimal.encode(hash.finalize())
    }

    static func sha256(_ buffer: ByteBuffer) -> String {
        var hash = SHA256()
        buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Hexadecimal.encode(hash.finalize())
    }

    static func md5(_ buffer: ByteBuffer) -> String {
        var hash = Insecure.MD5()
        buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Hexadecimal.encode(hash.finalize())
    }

    static func hmac(_ text: String, key: some Sequence<UInt8>) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: Array(key)))
    }
}
