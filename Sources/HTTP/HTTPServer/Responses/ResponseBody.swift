public import NIOCore

/// The body of a response: its length, if known, and a function that writes its bytes.
public struct ResponseBody: Sendable {
    /// In bytes; nil if it is unknown before the end.
    public let length: Int?
    /// Writes the whole body, and calls `finish` at its end.
    public let write: @Sendable (any ResponseBodyWriter) async throws -> Void

    /// No bytes.
    public static let none = ResponseBody(ByteBuffer())

    /// A body that is in memory already.
    public init(_ bytes: ByteBuffer) {
        self.init(length: bytes.readableBytes) { writer in
            try await writer.write(bytes)
            try await writer.finish()
        }
    }

    /// - Parameters:
    ///   - length: In bytes. A body that writes more or fewer is broken off.
    ///   - write: If it throws, or returns without `finish`, the client sees that the body is not complete.
    public init(length: Int?, _ write: @escaping @Sendable (any ResponseBodyWriter) async throws -> Void) {
        self.length = length
        self.write = write
    }
}

/// Takes the bytes of one body, in order, from one task.
public protocol ResponseBodyWriter {
    /// Returns when the client's connection can take more.
    ///
    /// - Throws: `ResponseWriteError`, or `CancellationError` if the waiting task is cancelled.
    func write(_ buffer: ByteBuffer) async throws

    /// The body is complete.
    ///
    /// - Throws: As ``write(_:)``.
    func finish() async throws
}
