public import NIOCore

/// What a listener tells, and asks, its owner.
public struct ListenerHooks<Context: Sendable>: Sendable {
    /// The listener accepts connections at this address; where port 0 was asked for, it holds the real one.
    public var onBound: @Sendable (SocketAddress) -> Void
    /// The shutdown has begun, and with it the drain window: the moment to turn unready.
    public var onDraining: @Sendable () -> Void
    /// Called once for every request when it has ended, on its event loop: must not block. The context is the one that
    /// the responder was given, and nil if there was no request that could be read.
    public var onFinished: @Sendable (FinishedRequest, Context?) -> Void
    /// Whether others wait for the memory that uploads hold.
    public var uploadsWait: @Sendable () -> Bool
    /// Whether others wait for the memory that holds what the fast path sends.
    public var readersWait: @Sendable () -> Bool
    /// Whether others wait for memory that the answer to this request holds.
    public var othersWait: @Sendable (Context) -> Bool

    /// Hooks that do nothing where none are given.
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
