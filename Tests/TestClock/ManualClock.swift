import Synchronization
public import TaskSupport

/// A clock that stands still until it is told to move.
public final class ManualClock: Sendable {
    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Int: (until: ContinuousClock.Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    /// A clock that stands at the present moment.
    public init() {}

    /// The moment at which the clock stands.
    public var now: ContinuousClock.Instant { state.withLock { $0.now } }

    /// Tasks that sleep now.
    public var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// As code takes it.
    public var clock: MonotonicClock {
        MonotonicClock(now: { self.now }, sleep: { try await self.sleep(until: $0) })
    }

    /// Moves the clock, and wakes who has slept long enough.
    public func advance(by duration: Duration) {
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
public func until(_ condition: () async throws -> Bool) async rethrows {
    while try await !condition() { await Task.yield() }
}

/// Work that ends only when it is told to.
///
/// - Throws: `CancellationError`.
public func untilCancelled() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
}
