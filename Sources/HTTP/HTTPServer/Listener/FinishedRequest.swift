public import HTTPTypes
public import NIOCore

/// The result of one request, for the access log and the metrics. It is reported once: when the kernel has taken the
/// last byte of the response, or when it is certain that this will never happen.
public struct FinishedRequest: Sendable {
    /// How it ended.
    public enum Outcome: String, Sendable {
        /// The whole response was sent.
        case complete
        /// The client closed its side, or the connection broke.
        case clientLeft
        /// The client took no byte for `ListenerConfiguration.writeTimeout`, and was cut.
        case stalled
        /// The response could not be completed. The connection was cut so that nobody takes it for a whole one.
        case broken
        /// The shutdown took too long, and the request was cut.
        case shutDown
    }

    /// The source of the request's head and id. They are made only if somebody asks for them.
    public enum Source: Sendable {
        /// The responder was asked. Without a head: the request could not be read.
        case exchange(HTTPRequest?, requestID: String)
        /// The fast path has answered.
        case fastPath(FastRequest, RequestID)
    }

    /// Who answered, and the request.
    public let source: Source
    /// The peer of the connection.
    public let remoteAddress: SocketAddress?
    /// The text of the client's address: of the peer, or the one that a trusted proxy names.
    public let clientAddress: String?
    /// The status that was sent. If none was sent: 499 if the client left, 0 if the server gave up.
    public let status: Int
    /// How it ended.
    public let outcome: Outcome
    /// Bytes of the response that the kernel took: head, body and framing.
    public let bytesSent: Int
    /// Bytes of the request's body that came, without framing.
    public let bodyBytesReceived: Int
    /// From the complete request head to the end.
    public let duration: TimeAmount

    /// The request; nil if no head could be read (see `ListenerError`). If the fast path has answered, it has only
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
