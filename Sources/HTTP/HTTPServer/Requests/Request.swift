public import HTTPTypes
public import NIOCore

/// A request as a responder gets it: the whole head, and the body as it comes.
public struct Request: Sendable {
    /// Method, target, authority and fields.
    public var head: HTTPRequest
    /// Empty if the request has none.
    public var body: RequestBody

    /// Creates a request from these parts.
    public init(head: HTTPRequest, body: RequestBody = RequestBody(ByteBuffer())) {
        self.head = head
        self.body = body
    }

    /// The method of the head.
    public var method: HTTPRequest.Method { self.head.method }
    /// The fields of the head.
    public var headers: HTTPFields { self.head.headerFields }
}

/// The body of a request. The server reads bytes from the client only while somebody iterates. Only one iterator may be
/// used. NIO's `collect(upTo:)` reads the whole body.
public struct RequestBody: AsyncSequence, Sendable {
    private enum Source: Sendable {
        case bytes(ByteBuffer)
        case stream(RequestBodyStream)
    }

    private let source: Source

    /// A body that is in memory already.
    public init(_ bytes: ByteBuffer) { self.source = .bytes(bytes) }

    init(_ stream: RequestBodyStream) { self.source = .stream(stream) }

    /// Throws `RequestBodyError`, or `CancellationError` if the waiting task is cancelled.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var bytes: ByteBuffer?
        fileprivate let stream: RequestBodyStream.AsyncIterator?

        /// The next bytes, at least one; nil after the last.
        public mutating func next() async throws -> ByteBuffer? {
            if let stream { return try await stream.next() }
            defer { self.bytes = nil }
            return self.bytes
        }
    }

    /// - Returns: The only iterator that may be used.
    public func makeAsyncIterator() -> AsyncIterator {
        switch self.source {
        case .bytes(let bytes): AsyncIterator(bytes: bytes.readableBytes > 0 ? bytes : nil, stream: nil)
        case .stream(let stream): AsyncIterator(bytes: nil, stream: stream.makeAsyncIterator())
        }
    }
}
