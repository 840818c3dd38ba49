public import NIOCore

/// What the listener knows about a request besides the request itself: the source of every request context.
public struct ServerRequestSource: Sendable {
    /// Unique in this process, and random enough across replicas: 16 hexadecimal digits.
    public let requestID: String
    /// The peer of the connection; nil if the socket does not know it.
    public let remoteAddress: SocketAddress?
    /// The address of the client: of the peer, or the one that a trusted proxy names.
    public let clientAddress: SocketAddress?
    /// When the request's head was complete, on the event loop's clock.
    public let receivedAt: NIODeadline
    /// Call it before costly work begins. If the client has closed its sending side, the listener then gives up the
    /// request: the client may have left, and a costly response would be wasted.
    public let announceCostlyWork: @Sendable () -> Void

    /// Public for tests, which create contexts without a socket.
    public init(
        requestID: String, remoteAddress: SocketAddress?, client: RequestClient? = nil,
        receivedAt: NIODeadline = .now(), announceCostlyWork: @escaping @Sendable () -> Void = {}
    ) {
        self.requestID = requestID
        self.remoteAddress = remoteAddress
        self.clientAddress = client.map(\.address) ?? remoteAddress
        self.receivedAt = receivedAt
        self.announceCostlyWork = announceCostlyWork
    }

    /// Whether peer and client are on this machine: 127.0.0.0/8, ::1, the former mapped into IPv6, or a Unix socket.
    /// False for an unknown address.
    public var isLoopback: Bool {
        self.remoteAddress?.isLoopback == true && self.clientAddress?.isLoopback == true
    }
}
