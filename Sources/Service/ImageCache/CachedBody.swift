public import NIOCore
public import ObjectStorage
import Synchronization

/// The bytes of a body, in the pieces in which they came: to put them together would cost a read more than it saves the
/// next one.
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
    /// No two bodies of a process have the same: who has learnt something of one body knows it again.
    public let serial: UInt64
    private(set) var receipt: ByteReceipt

    init(chunks: [ByteBuffer], receipt: ByteReceipt) {
        self.chunks = BodyChunks(chunks)
        size = chunks.reduce(0) { $0 + $1.readableBytes }
        serial = Self.lastSerial.wrappingAdd(1, ordering: .relaxed).newValue
        self.receipt = receipt
    }

    /// One that there is already.
    init(chunks: BodyChunks, size: Int, serial: UInt64, receipt: ByteReceipt) {
        self.chunks = chunks
        self.size = size
        self.serial = serial
        self.receipt = receipt
    }

    private static let lastSerial = Atomic<UInt64>(0)

    /// The first piece, which holds all of a body that was made here.
    public var head: ByteBuffer { chunks.all.first ?? ByteBuffer() }

    /// All bytes, where they lie in one piece.
    public var onePiece: ByteBuffer? { chunks.all.count == 1 ? chunks.all[0] : nil }

    /// What it counts for, overheads included.
    var countedBytes: Int { receipt.bytes }

    /// Whether nobody else holds these bytes, so that letting go of this value frees them.
    mutating func isHeldOnlyHere() -> Bool {
        isKnownUniquelyReferenced(&receipt)
    }

    /// A range of the bytes as a stream, in slices small enough that a slow reader is felt.
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

    /// The same at once, in the pieces in which the bytes are kept; `isLast` comes with the last one of them.
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
