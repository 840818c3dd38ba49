import NIOConcurrencyHelpers
import NIOCore

/// Work that goes on behind its callers and is ended with its owner.
final class BackgroundTasks: Sendable {
    private struct State {
        var nextID: UInt64 = 0
        var running: [UInt64: Task<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())

    func start(_ body: @escaping @Sendable () async -> Void) {
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
    func drain(for grace: TimeAmount, on eventLoop: any EventLoop) async {
        let running = state.withLockedValue { Array($0.running.values) }
        let timer = eventLoop.scheduleTask(in: grace) {
            for task in running { task.cancel() }
        }
        for task in running { await task.value }
        timer.cancel()
    }
}
