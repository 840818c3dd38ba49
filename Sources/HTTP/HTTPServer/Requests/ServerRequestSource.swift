public import NIOCore

/// What the listener knows of a request besides the request itself: the source of every request context.
public struct ServerRequestSource: Sendable {
    /// Unique in this process, and random enough across replicas: 16 hexadecimal digits.
    public let requestID: String
    /// The other end of the connection; nil where the socket could not tell.
    public let remoteAddress: SocketAddress?
    /// When the request's head was complete, on the event loop's clock.
    public let receivedAt: NIODeadline
    /// To be called before work begins that costs much. If the client has closed its sending side, the listener then
    /// gives the request up: the client may have left, and an answer that costs much is not made for nobody.
    public let announceCostlyWork: @Sendable () -> Void

    /// Also for tests, which make contexts without a socket.
    public init(
        requestID: String, remoteAddress: SocketAddress?, receivedAt: NIODeadline = .now(),
        announceCostlyWork: @escaping @Sendable () -> Void = {}
    ) {
        self.requestID = requestID
        self.remoteAddress = remoteAddress
        self.receivedAt = receivedAt
        self.announceCostlyWork = announceCostlyWork
    }

    /// Whether the client is on this machine: 127.0.0.0/8, ::1, the former mapped into IPv6, or a Unix socket. An
    /// unknown address is not.
    public var isLoopback: Bool {
        self.remoteAddress?.isLoopback ?? false
    }
}
