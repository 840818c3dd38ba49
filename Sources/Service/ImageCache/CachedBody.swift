public import NIOCore
public import ObjectStorage
import Synchronization

/// The bytes of a body, in the pieces in which they came: joining them would cost one read more than it saves the next
/// one.
final class BodyChunks: Sendable {
    let all: [ByteBuffer]
    let file = AtomicLazyReference<BodyFile>()

    init(_ all: [ByteBuffer]) { self.all = all }
}

/// Bytes in memory, whole, counted by a ``ByteAccount`` for as long as anybody holds them.
public struct CachedBody: Sendable {
    let chunks: BodyChunks
    /// In bytes.
    public let size: Int
    /// No two bodies of a process share it, so a caller can recognise a body that it has seen.
    public let serial: UInt64
    private(set) var receipt: ByteReceipt

    init(chunks: [ByteBuffer], receipt: ByteReceipt) {
        self.chunks = BodyChunks(chunks)
        size = chunks.reduce(0) { $0 + $1.readableBytes }
        serial = Self.lastSerial.wrappingAdd(1, ordering: .relaxed).newValue
        self.receipt = receipt
    }

    /// A value for a body that exists already.
    init(chunks: BodyChunks, size: Int, serial: UInt64, receipt: ByteReceipt) {
        self.chunks = chunks
        self.size = size
        self.serial = serial
        self.receipt = receipt
    }

    private static let lastSerial = Atomic<UInt64>(0)

    /// The first piece, which holds all of a body that was made here.
    public var head: ByteBuffer { chunks.all.first ?? ByteBuffer() }

    /// All bytes, if they are in one piece.
    public var onePiece: ByteBuffer? { chunks.all.count == 1 ? chunks.all[0] : nil }

    /// The bytes that it is counted with, overheads included.
    var countedBytes: Int { receipt.bytes }

    /// Whether nobody else holds these bytes, so that releasing this value frees them.
    mutating func isHeldOnlyHere() -> Bool {
        isKnownUniquelyReferenced(&receipt)
    }

    /// A range of the bytes as a stream. The slices are small, so that a slow reader slows the stream down.
    public func stream(_ range: Range<Int>) -> ObjectBody {
        ObjectBody { [self] in
            var chunk = 0
            var start = 0
            var offset = range.lowerBound
            return {
                let chunks = self.chunks.all
                while chunk < chunks.count, offset < range.upperBound {
                    let bytes = chunks[chunk]
                    let count = min(start + bytes.readableBytes, range.upperBound, offset + Self.sliceBytes) - offset
                    guard count > 0, let slice = bytes.getSlice(at: bytes.readerIndex + offset - start, length: count)
                    else {
                        start += bytes.readableBytes
                        chunk += 1
                        continue
                    }
                    offset += count
                    return slice
                }
                return nil
            }
        }
    }

    private static let sliceBytes = 128 << 10

    /// The same range at once, in the pieces that the cache keeps; `isLast` marks the last one.
    public func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void) {
        var start = 0
        for chunk in chunks.all {
            let end = start + chunk.readableBytes
            defer { start = end }
            let part = range.clamped(to: start..<end)
            guard !part.isEmpty else { continue }
            if let piece = chunk.getSlice(at: chunk.readerIndex + part.lowerBound - start, length: part.count) {
                body(piece, part.upperBound == range.upperBound)
            }
        }
    }
}
