import Admission
import Synchronization

/// A clock that stands still until it is told to move.
final class ManualClock: Sendable {
    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Int: (until: ContinuousClock.Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock { $0.now } }

    /// Tasks that sleep now.
    var sleeping: Int { state.withLock { $0.sleepers.count } }

    var admissionClock: AdmissionClock {
        AdmissionClock(now: { self.now }, sleep: { try await self.sleep(until: $0) })
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(until: ContinuousClock.Instant) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Answer { case due, cancelled, sleeps }
                let answer = state.withLock { state -> Answer in
                    if Task.isCancelled { return .cancelled }
                    if until <= state.now { return .due }
                    state.sleepers[id] = (until, continuation)
                    return .sleeps
                }
                switch answer {
                case .due: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .sleeps: break
                }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// Lets other tasks run until the condition holds. A test whose condition never holds ends by its time limit.
func until(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}
