/// The clock for deadlines and pauses, as a value, so that tests can stop it. Code that needs a clock gets one as a
/// parameter; only the composition root and default arguments name the system's.
public struct MonotonicClock: Sendable {
    /// The current moment.
    public let now: @Sendable () -> ContinuousClock.Instant
    /// Returns at or after that moment; throws only if the task is cancelled.
    public let sleep: @Sendable (_ until: ContinuousClock.Instant) async throws -> Void

    /// A clock made of two functions; ``now`` and ``sleep`` say what they must do.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (_ until: ContinuousClock.Instant) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// Returns after so long; throws only if the task is cancelled.
    public func pause(for duration: Duration) async throws {
        try await sleep(now() + duration)
    }

    /// The system's monotonic clock, which goes on while the machine sleeps.
    public static let continuous = MonotonicClock(
        now: { ContinuousClock.now },
        sleep: { try await ContinuousClock().sleep(until: $0) }
    )
}
