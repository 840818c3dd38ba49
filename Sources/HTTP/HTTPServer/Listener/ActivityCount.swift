import Synchronization

/// Counts what is going on, and tells one waiter when nothing is.
final class ActivityCount: Sendable {
    private struct State: ~Copyable {
        var count = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var count: Int { self.state.withLock { $0.count } }

    func enter() {
        self.state.withLock { $0.count += 1 }
    }

    func leave() {
        self.wake { state in
            state.count -= 1
            return state.count == 0
        }
    }

    /// Returns when the count is zero, or the waiting task is cancelled. One waiter at a time.
    func waitUntilZero() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.state.withLock { $0.waiter = continuation }
                self.wake { $0.count == 0 || Task.isCancelled }
            }
        } onCancel: {
            self.wake { _ in true }
        }
    }

    private func wake(_ isTime: (inout State) -> Bool) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard isTime(&state) else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
