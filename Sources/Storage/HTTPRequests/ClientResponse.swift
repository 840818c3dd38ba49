import AsyncHTTPClient
public import NIOCore
public import NIOHTTP1

/// An answer to a ``ClientRequest``. Nothing in it is trusted.
public struct ClientResponse: Sendable {
    /// The status code.
    public let status: Int
    /// The header fields as they came.
    public let headers: HTTPHeaders
    /// The bytes that follow. They arrive while they are read.
    public let body: Body

    init(_ response: HTTPClientResponse) {
        status = Int(response.status.code)
        headers = response.headers
        body = Body(bytes: response.body)
    }

    /// The body. It can be read once.
    public struct Body: AsyncSequence, Sendable {
        let bytes: HTTPClientResponse.Body

        /// The reader of the body.
        public func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes.makeAsyncIterator()) }

        /// Reads the body, one piece at a time.
        public struct Iterator: AsyncIteratorProtocol {
            var bytes: HTTPClientResponse.Body.AsyncIterator

            /// The next piece; nil at the end.
            ///
            /// - Throws: an error that ``TransportError`` can classify.
            public mutating func next() async throws -> ByteBuffer? { try await bytes.next() }
        }
    }

    /// The body as one buffer. If there is none, its end is read, which frees the connection for the next request.
    ///
    /// - Parameter limit: the most bytes.
    /// - Throws: ``TooLong``, ``DeadlineRunner/Passed``, or an error that ``TransportError`` can classify.
    public func collect(
        upTo limit: Int, until deadline: ContinuousClock.Instant, by deadlines: DeadlineRunner
    ) async throws -> ByteBuffer {
        do {
            return try await deadlines.run(until: deadline) { [body] in try await body.bytes.collect(upTo: limit) }
        } catch is NIOTooManyBytesError {
            throw TooLong(limit: limit)
        }
    }

    /// The body is longer than the limit.
    public struct TooLong: Error {
        /// The most bytes that were allowed.
        public var limit: Int
    }
}
