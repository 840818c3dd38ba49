import NIOConcurrencyHelpers

/// Tasks that go on after their callers have returned, and end with their owner.
public final class BackgroundTasks: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var running: [UInt64: Task<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let clock: MonotonicClock

    /// - Parameter clock: the clock for ``drain(for:)``.
    public init(clock: MonotonicClock = .continuous) {
        self.clock = clock
    }

    /// Runs `body` in an unstructured task of its own and returns at once. The task does not inherit the caller's
    /// cancellation.
    public func start(_ body: @escaping @Sendable () async -> Void) {
        state.withLockedValue { state in
            state.nextID += 1
            let id = state.nextID
            // It cannot end before this lock is released, because its end takes the lock.
            state.running[id] = Task { [state = self.state] in
                await body()
                state.withLockedValue { $0.running[id] = nil }
            }
        }
    }

    /// Waits for the running tasks, cancels those that have not ended after `grace`, and waits for those too.
    public func drain(for grace: Duration) async {
        let deadline = clock.now() + grace
        // A task that ends may have started another.
        while true {
            let running = state.withLockedValue { Array($0.running.values) }
            guard !running.isEmpty else { return }
            let timer = Task {
                try await clock.sleep(deadline)
                for task in running { task.cancel() }
            }
            for task in running { await task.value }
            timer.cancel()
        }
    }
}
