import NIOConcurrencyHelpers
public import TaskSupport

/// Limits how long work may wait before it starts. The work itself says when it starts; after that it is not disturbed.
public final class StartDeadline: Sendable {
    private enum State {
        case waiting, begun, givenUp
    }

    private let state = NIOLockedValueBox(State.waiting)

    private init() {}

    /// Says that the wait is over.
    ///
    /// - Throws: ``AdmissionError/overloaded(retryAfterSeconds:)`` if the wait was too long.
    public func begin() throws(AdmissionError) {
        let isInTime = state.withLockedValue { state in
            if state == .waiting { state = .begun }
            return state == .begun
        }
        if !isInTime { throw .overloaded(retryAfterSeconds: 1) }
    }

    private func giveUp() -> Bool {
        state.withLockedValue { state in
            if state == .waiting { state = .givenUp }
            return state == .givenUp
        }
    }

    /// Runs `work`, and cancels it if it has not called ``begin()`` within `timeout`.
    ///
    /// - Throws: ``AdmissionError/overloaded(retryAfterSeconds:)`` if it was cancelled for that reason; what `work`
    ///   throws.
    public static func run<Value: Sendable>(
        within timeout: Duration, clock: AdmissionClock = .continuous,
        _ work: @escaping @Sendable (StartDeadline) async throws -> Value
    ) async throws -> Value {
        let deadline = StartDeadline()
        let limit = clock.now() + timeout
        let working = Task { try await work(deadline) }
        let timer = Task {
            try await clock.sleep(limit)
            if deadline.giveUp() { working.cancel() }
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            do {
                return try await working.value
            } catch {
                let wasGivenUp = deadline.state.withLockedValue { $0 == .givenUp }
                throw wasGivenUp ? AdmissionError.overloaded(waited: timeout) : error
            }
        } onCancel: {
            working.cancel()
        }
    }
}
