import NIOConcurrencyHelpers
import TaskSupport

/// Runs work under a deadline. One task sleeps for all deadlines; see ``Alarms``.
public struct DeadlineRunner: Sendable {
    /// What wakes the runner at each deadline.
    public let alarms: Alarms

    /// Deadlines by the clock of these alarms.
    public init(alarms: Alarms) {
        self.alarms = alarms
    }

    /// The deadline has passed.
    public struct Passed: Error {
        /// An error without a cause.
        public init() {}
    }

    /// Runs `body` and cancels it at the deadline.
    ///
    /// - Throws: what `body` throws; ``Passed`` if it was cancelled because of the deadline.
    public func run<Result: Sendable>(
        until deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = Task(executorPreference: RequestExecutor.executor) { try await body() }
        let hasPassed = NIOLockedValueBox(false)
        let alarm = alarms.set(at: deadline) {
            hasPassed.withLockedValue { $0 = true }
            work.cancel()
        }
        defer { alarms.remove(alarm) }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch {
            if hasPassed.withLockedValue({ $0 }) { throw Passed() }
            throw error
        }
    }
}
