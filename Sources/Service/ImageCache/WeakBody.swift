/// A reference to a body that does not keep it: the body may leave the cache, and its bytes are free then.
public struct WeakBody: Sendable {
    private weak let chunks: BodyChunks?
    private weak let receipt: ByteReceipt?
    private let size: Int
    private let serial: UInt64

    /// Remembers a body without holding it.
    public init(_ body: CachedBody) {
        chunks = body.chunks
        receipt = body.receipt
        size = body.size
        serial = body.serial
    }

    /// The body, if anybody still holds it.
    public var body: CachedBody? {
        guard let chunks, let receipt else { return nil }
        return CachedBody(chunks: chunks, size: size, serial: serial, receipt: receipt)
    }
}
