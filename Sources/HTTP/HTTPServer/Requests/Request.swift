public import HTTPTypes
public import NIOCore

/// A request as a responder gets it: its head whole, its body as it comes.
public struct Request: Sendable {
    /// Method, target, authority and fields.
    public var head: HTTPRequest
    /// Empty if the request has none.
    public var body: RequestBody

    /// A request of these parts.
    public init(head: HTTPRequest, body: RequestBody = RequestBody(ByteBuffer())) {
        self.head = head
        self.body = body
    }

    /// Of the head.
    public var method: HTTPRequest.Method { self.head.method }
    /// Of the head.
    public var headers: HTTPFields { self.head.headerFields }
}

/// The body of a request. Bytes are read from the client only while somebody iterates, and by one iterator. NIO's
/// `collect(upTo:)` reads it whole.
public struct RequestBody: AsyncSequence, Sendable {
    private enum Source: Sendable {
        case bytes(ByteBuffer)
        case stream(RequestBodyStream)
    }

    private let source: Source

    /// A body that is there.
    public init(_ bytes: ByteBuffer) { self.source = .bytes(bytes) }

    init(_ stream: RequestBodyStream) { self.source = .stream(stream) }

    /// Throws `RequestBodyError`, or `CancellationError` if the task that waits is cancelled.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var bytes: ByteBuffer?
        fileprivate let stream: RequestBodyStream.AsyncIterator?

        /// The next bytes, never none; nil after the last.
        public mutating func next() async throws -> ByteBuffer? {
            if let stream { return try await stream.next() }
            defer { self.bytes = nil }
            return self.bytes
        }
    }

    /// - Returns: the only iterator that may be used.
    public func makeAsyncIterator() -> AsyncIterator {
        switch self.source {
        case .bytes(let bytes): AsyncIterator(bytes: bytes.readableBytes > 0 ? bytes : nil, stream: nil)
        case .stream(let stream): AsyncIterator(bytes: nil, stream: stream.makeAsyncIterator())
        }
    }
}
