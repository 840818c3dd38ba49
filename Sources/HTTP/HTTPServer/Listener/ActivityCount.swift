import TaskSupport

/// Counts running activities, and tells waiting tasks when there are none.
final class ActivityCount: Sendable {
    private struct State {
        var count = 0
        var waiting: [Int] = []
    }

    private let waits = WaitList<State, Void>(State())

    var count: Int { self.waits.withState { $0.count } }

    func enter() {
        self.waits.withState { $0.count += 1 }
    }

    func leave() {
        self.waits.update { state in
            state.count -= 1
            guard state.count == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting.map { ($0, ()) }
        }
    }

    /// Returns when the count is zero or the waiting task is cancelled.
    func waitUntilZero() async {
        await self.waits.wait(cancelled: ()) { state, ticket in
            guard state.count > 0 else { return (.answered(()), []) }
            state.waiting.append(ticket)
            return (.waits, [])
        } leave: { state, ticket, _ in
            state.waiting.removeAll { $0 == ticket }
            return ((), [])
        }
    }
}
