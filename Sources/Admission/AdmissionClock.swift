/// The clock that deadlines are read from, as a value, so that tests can hold it still.
public struct AdmissionClock: Sendable {
    /// The present moment.
    public let now: @Sendable () -> ContinuousClock.Instant
    /// Returns at or after that moment; throws only if the task is cancelled.
    public let sleep: @Sendable (_ until: ContinuousClock.Instant) async throws -> Void

    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (_ until: ContinuousClock.Instant) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The system's monotonic clock, which goes on while the machine sleeps.
    public static let continuous = AdmissionClock(
        now: { ContinuousClock.now },
        sleep: { try await ContinuousClock().sleep(until: $0) }
    )
}
