import NIOConcurrencyHelpers
public import TaskSupport

/// A clock that only advances when a test advances it.
public final class ManualClock: Sendable {
    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Int: (until: ContinuousClock.Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var lastID = 0
    }

    private let state = NIOLockedValueBox(State())

    /// A clock that stands at the present time.
    public init() {}

    /// The time of the clock.
    public var now: ContinuousClock.Instant { state.withLockedValue { $0.now } }

    /// The number of tasks that sleep now.
    public var sleeping: Int { state.withLockedValue { $0.sleepers.count } }

    /// The clock in the form that code uses.
    public var clock: MonotonicClock {
        MonotonicClock(now: { self.now }, sleep: { try await self.sleep(until: $0) })
    }

    /// Advances the clock, and wakes the tasks that have slept long enough.
    public func advance(by duration: Duration) {
        let due = state.withLockedValue { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(until: ContinuousClock.Instant) async throws {
        let id = state.withLockedValue { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Answer { case due, cancelled, sleeps }
                let answer = state.withLockedValue { state -> Answer in
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
            let sleeper = state.withLockedValue { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// Lets other tasks run until the condition is true. If it never is, the test ends by its time limit.
public func until(_ condition: () async throws -> Bool) async rethrows {
    while try await !condition() { await Task.yield() }
}

/// Work that ends only when its task is cancelled.
///
/// - Throws: `CancellationError`.
public func untilCancelled() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
}
