public import NIOCore
public import ObjectStorage

/// Bytes in memory, whole, counted by a ``ByteAccount`` for as long as anybody holds them.
public struct CachedBody: Sendable {
    public let bytes: ByteBuffer
    private var receipt: ByteReceipt

    init(bytes: ByteBuffer, receipt: ByteReceipt) {
        self.bytes = bytes
        self.receipt = receipt
    }

    /// Whether nobody else holds these bytes, so that letting go of this value frees them.
    mutating func isHeldOnlyHere() -> Bool {
        isKnownUniquelyReferenced(&receipt)
    }

    /// A range of the bytes as a stream, in slices small enough that a slow reader is felt.
    public func stream(_ range: Range<Int>) -> ObjectBody {
        ObjectBody { [self] in
            var offset = range.lowerBound
            return {
                let count = min(Self.sliceBytes, range.upperBound - offset)
                guard count > 0, let slice = self.bytes.getSlice(at: self.bytes.readerIndex + offset, length: count)
                else { return nil }
                offset += count
                return slice
            }
        }
    }

    private static let sliceBytes = 128 << 10
}

/// Bytes taken from an account, given back when the last holder lets go.
final class ByteReceipt: Sendable {
    let bytes: Int
    private let account: ByteAccount

    /// Nil where the account has no room.
    init?(_ bytes: Int, from account: ByteAccount) {
        guard account.take(bytes) else { return nil }
        self.bytes = bytes
        self.account = account
    }

    deinit {
        account.give(bytes)
    }
}
