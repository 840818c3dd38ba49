/// What a limit counts.
public enum RateLimitKind: String, Sendable, Hashable, CaseIterable {
    /// Requests that read or list.
    case reads
    /// Requests that store, change or delete; a form counts once for each file.
    case writes
    /// Work on pixels: those that are decoded and those that are made.
    case pixels
    /// Credentials that were not valid.
    case failures
}

/// How much one client may do: a token bucket that holds `burst` and gains `perSecond`.
public struct RateLimitRule: Sendable, Hashable {
    /// Requests, pixels or failures a second, 0.001 or more.
    public let perSecond: Double
    /// As much at once, 1 or more, if the client did nothing for a while.
    public let burst: Int

    /// How long a bucket may take to become full. So a client is never locked out for longer, and sums do not overflow.
    static let longestSeconds = 86_400.0

    /// Nil if a number is out of its range, or if an empty bucket would need more than a day to become full.
    public init?(perSecond: Double, burst: Int) {
        guard perSecond >= 0.001, perSecond <= 1e12, burst >= 1, burst <= 1_000_000_000_000,
            Double(burst) / perSecond <= Self.longestSeconds
        else { return nil }
        self.perSecond = perSecond
        self.burst = burst
    }

    private init(unchecked perSecond: Double, _ burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Of failed credentials, if nothing else is configured: a person who mistypes a key is not stopped, and nobody can
    /// try many.
    static let failures = RateLimitRule(unchecked: 10, 100)

    /// How long an empty bucket takes to become full, in seconds, rounded up, at least 1.
    public var window: Int { max(1, Int((Double(burst) / perSecond).rounded(.up))) }
}
