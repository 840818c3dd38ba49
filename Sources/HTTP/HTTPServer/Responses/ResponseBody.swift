public import NIOCore

/// The body of an answer: its length, if it is known, and what writes its bytes.
public struct ResponseBody: Sendable {
    /// In bytes; nil: nobody knows it before the end.
    public let length: Int?
    /// Writes the whole body, and calls `finish` at its end.
    public let write: @Sendable (any ResponseBodyWriter) async throws -> Void

    /// No bytes.
    public static let none = ResponseBody(ByteBuffer())

    /// A body that is there.
    public init(_ bytes: ByteBuffer) {
        self.init(length: bytes.readableBytes) { writer in
            try await writer.write(bytes)
            try await writer.finish()
        }
    }

    /// - Parameters:
    ///   - length: in bytes; a body that writes more or fewer is broken off.
    ///   - write: if it throws, or returns without `finish`, the client sees that the body is not whole.
    public init(length: Int?, _ write: @escaping @Sendable (any ResponseBodyWriter) async throws -> Void) {
        self.length = length
        self.write = write
    }
}

/// Takes the bytes of one body, in their order, from one task.
public protocol ResponseBodyWriter {
    /// Returns when the client's connection can take more.
    ///
    /// - Throws: `ResponseWriteError`, or `CancellationError` if the task that waits is cancelled.
    func write(_ buffer: ByteBuffer) async throws

    /// The body is whole.
    ///
    /// - Throws: as ``write(_:)``.
    func finish() async throws
}
