import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TaskSupport

/// Runs work under a deadline. One task sleeps for all deadlines; see ``Alarms``.
struct DeadlineRunner: Sendable {
    let alarms: Alarms

    /// The deadline has passed.
    struct Passed: Error {}

    /// - Throws: what `body` throws; ``Passed`` if it was cancelled because of the deadline.
    func run<Result: Sendable>(
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

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self =
            .nanoseconds(seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
            + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
