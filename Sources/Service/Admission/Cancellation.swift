import NIOConcurrencyHelpers

/// Tells running work that nobody needs its result any more. Once set, it stays set.
public final class Cancellation: Sendable {
    private struct State {
        var isCancelled = false
        var handlers: [@Sendable () -> Void] = []
    }

    private let state = NIOLockedValueBox(State())

    /// A flag that is not set and has no handlers.
    public init() {}

    /// Whether ``cancel()`` was called.
    public var isCancelled: Bool { state.withLockedValue { $0.isCancelled } }

    /// Sets the flag and runs the handlers, on the caller's thread. A second call does nothing.
    public func cancel() {
        let handlers = state.withLockedValue { state in
            state.isCancelled = true
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler() }
    }

    /// Runs `handler` when the flag is set, or at once if it is set already. This connects it to a flag of another
    /// kind, such as one that C code polls.
    public func onCancel(_ handler: @escaping @Sendable () -> Void) {
        let runNow = state.withLockedValue { state in
            if !state.isCancelled { state.handlers.append(handler) }
            return state.isCancelled
        }
        if runNow { handler() }
    }
}
