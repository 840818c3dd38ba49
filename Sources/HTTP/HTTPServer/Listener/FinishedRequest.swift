public import HTTPTypes
public import NIOCore

/// What became of one request, for the access log and the metrics: reported once, when the last byte of the answer has
/// been given to the kernel, or when it is known that this will never happen.
public struct FinishedRequest: Sendable {
    /// How it ended.
    public enum Outcome: String, Sendable {
        /// The whole answer was sent.
        case complete
        /// The client closed its side, or the connection broke.
        case clientLeft
        /// The client took no byte for `ListenerConfiguration.writeTimeout`, and was cut.
        case stalled
        /// The answer could not be brought to its end, and the connection was cut so that nobody takes it for whole.
        case broken
        /// The shutdown took too long, and the request was cut.
        case shutDown
    }

    /// Where the request's head and id are to be had from: nobody may want them.
    public enum Source: Sendable {
        /// Asked of the responder; without a head: nothing that could be read.
        case exchange(HTTPRequest?, requestID: String)
        /// Answered by the fast path.
        case fastPath(FastRequest, RequestID)
    }

    /// Who answered, and what was asked.
    public let source: Source
    /// The other end of the connection.
    public let remoteAddress: SocketAddress?
    /// Its text, made once for a connection.
    public let clientAddress: String?
    /// The status that was sent; 499 where the client left, and 0 where the server gave up, before one was.
    public let status: Int
    /// How it ended.
    public let outcome: Outcome
    /// Bytes of the answer that the kernel took: its head, its body and their framing.
    public let bytesSent: Int
    /// Bytes of the request's body that came, without framing.
    public let bodyBytesReceived: Int
    /// From the complete request head to the end.
    public let duration: TimeAmount

    /// The request; nil where no head could be read (see `ListenerError`). Of one that the fast path has answered only
    /// method and path.
    public var head: HTTPRequest? {
        switch self.source {
        case .exchange(let head, _): head
        case .fastPath(let request, _): request.head
        }
    }

    /// The id from `ServerRequestSource`.
    public var requestID: String {
        switch self.source {
        case .exchange(_, let requestID): requestID
        case .fastPath(_, let id): id.text
        }
    }
}
