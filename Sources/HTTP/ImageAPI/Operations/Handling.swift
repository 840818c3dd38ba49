import NIOConcurrencyHelpers

/// Whether a request is still being handled. Its connection may have ended before: a write that has begun goes on to
/// its end, although the client has left.
final class Handling: Sendable {
    private struct State {
        var hasEnded = false
        var pending: (@Sendable () -> Void)?
    }

    /// The responder is asked about every request that has a context, so handling begins with the context.
    private let state = NIOLockedValueBox(State())

    /// The responder has returned. Call it once.
    func end() {
        let pending = state.withLockedValue { state in
            state.hasEnded = true
            defer { state.pending = nil }
            return state.pending
        }
        pending?()
    }

    /// Runs the closure as soon as the responder has returned. Call it once.
    func whenEnded(_ body: @escaping @Sendable () -> Void) {
        let hasEnded = state.withLockedValue { state in
            if !state.hasEnded { state.pending = body }
            return state.hasEnded
        }
        if hasEnded { body() }
    }
}
