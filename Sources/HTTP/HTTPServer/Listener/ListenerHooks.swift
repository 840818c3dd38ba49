public import NIOCore

/// What a listener tells and asks its owner.
public struct ListenerHooks<Context: Sendable>: Sendable {
    /// The listener accepts connections at this address. If the configured port is 0, the address has the real one.
    public var onBound: @Sendable (SocketAddress) -> Void
    /// The shutdown and its drain window have begun. The server should report that it is not ready.
    public var onDraining: @Sendable () -> Void
    /// Called once for every request, when it has ended, on its event loop: it must not block. The context is the one
    /// that the responder got, or nil if no request could be read.
    public var onFinished: @Sendable (FinishedRequest, Context?) -> Void
    /// Whether others wait for the memory that uploads hold.
    public var uploadsWait: @Sendable () -> Bool
    /// Whether others wait for the memory that holds what the fast path sends.
    public var readersWait: @Sendable () -> Bool
    /// Whether others wait for memory that the response to this request holds.
    public var othersWait: @Sendable (Context) -> Bool

    /// Hooks that are not given do nothing.
    public init(
        onBound: @escaping @Sendable (SocketAddress) -> Void = { _ in },
        onDraining: @escaping @Sendable () -> Void = {},
        onFinished: @escaping @Sendable (FinishedRequest, Context?) -> Void = { _, _ in },
        uploadsWait: @escaping @Sendable () -> Bool = { false },
        readersWait: @escaping @Sendable () -> Bool = { false },
        othersWait: @escaping @Sendable (Context) -> Bool = { _ in false }
    ) {
        self.onBound = onBound
        self.onDraining = onDraining
        self.onFinished = onFinished
        self.uploadsWait = uploadsWait
        self.readersWait = readersWait
        self.othersWait = othersWait
    }
}
