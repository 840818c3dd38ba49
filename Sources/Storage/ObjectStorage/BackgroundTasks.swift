import NIOConcurrencyHelpers
public import TaskSupport

/// Work that goes on behind its callers and is ended with its owner.
public final class BackgroundTasks: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var running: [UInt64: Task<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let clock: MonotonicClock

    /// - Parameter clock: what ``drain(for:)`` goes by.
    public init(clock: MonotonicClock = .continuous) {
        self.clock = clock
    }

    /// Runs `body` in an unstructured task of its own and returns at once. The task does not inherit the caller's
    /// cancellation.
    public func start(_ body: @escaping @Sendable () async -> Void) {
        state.withLockedValue { state in
            state.nextID += 1
            let id = state.nextID
            // Ends behind this lock, since it takes it.
            state.running[id] = Task { [state = self.state] in
                await body()
                state.withLockedValue { $0.running[id] = nil }
            }
        }
    }

    /// Waits for what is going on, cancels what has not ended by then, and waits for that too.
    public func drain(for grace: Duration) async {
        let deadline = clock.now() + grace
        // What ends may begin another.
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
