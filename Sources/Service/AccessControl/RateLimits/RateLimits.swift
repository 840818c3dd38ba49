public import TaskSupport

/// Limits what each client does, by a token bucket for each kind. Each process counts for itself.
public final class RateLimits: Sendable {
    private let reads: TokenBuckets?
    private let writes: TokenBuckets?
    private let pixels: TokenBuckets?
    private let failures: TokenBuckets?
    private let clock: MonotonicClock
    private let start: ContinuousClock.Instant

    /// The places of each kind; see ``BucketShard``.
    public static let standardPlaces = 1 << 21

    /// Nil if nothing is limited.
    ///
    /// - Parameters:
    ///   - hasCredentials: whether a credential can fail.
    ///   - maximumPlaces: for the buckets of each kind: a power of two, at least 1,024. Each takes 16 bytes.
    public init?(
        _ rules: RateLimitRules, hasCredentials: Bool, maximumPlaces: Int = standardPlaces,
        clock: MonotonicClock = .continuous
    ) {
        func buckets(_ kind: RateLimitKind) -> TokenBuckets? {
            rules.rule(for: kind, hasCredentials: hasCredentials).map { TokenBuckets($0, maximumPlaces: maximumPlaces) }
        }
        (reads, writes, pixels, failures) = (buckets(.reads), buckets(.writes), buckets(.pixels), buckets(.failures))
        self.clock = clock
        start = clock.now()
        if RateLimitKind.allCases.allSatisfy({ self.buckets($0) == nil }) { return nil }
    }

    /// Whether this kind is limited.
    public func limits(_ kind: RateLimitKind) -> Bool { buckets(kind) != nil }

    /// Counts one request, or one failure, if the client may have it.
    ///
    /// - Returns: nil if it may, or if this kind is not limited.
    public func take(_ kind: RateLimitKind, for client: RateLimitClient) -> RateLimitRejection? {
        guard let buckets = buckets(kind), let seconds = buckets.take(1, hash: client.hash, now: now) else {
            return nil
        }
        return RateLimitRejection(kind: kind, rule: buckets.rule, seconds: seconds)
    }

    /// Counts work on so many pixels, if the client has any left. A single image may be larger than the burst: then the
    /// client has to wait until it is paid for.
    ///
    /// - Returns: nil if it may have the work, or if pixels are not limited.
    public func take(pixels amount: Int, for client: RateLimitClient) -> RateLimitRejection? {
        guard let pixels, let seconds = pixels.takeInDebt(amount, hash: client.hash, now: now) else { return nil }
        return RateLimitRejection(kind: .pixels, rule: pixels.rule, seconds: seconds)
    }

    /// Counts what cannot be rejected any more. The client has to wait until it is paid for.
    public func charge(_ kind: RateLimitKind, _ amount: Int = 1, for client: RateLimitClient) {
        buckets(kind)?.charge(amount, hash: client.hash, now: now)
    }

    /// Takes a count back, because what was counted did not happen.
    public func giveBack(_ kind: RateLimitKind, _ amount: Int = 1, for client: RateLimitClient) {
        buckets(kind)?.giveBack(amount, hash: client.hash, now: now)
    }

    private func buckets(_ kind: RateLimitKind) -> TokenBuckets? {
        switch kind {
        case .reads: reads
        case .writes: writes
        case .pixels: pixels
        case .failures: failures
        }
    }

    /// Seconds since the start.
    private var now: Double {
        let (seconds, attoseconds) = start.duration(to: clock.now()).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

/// The client that a bucket belongs to. Only a hash of 64 bits is kept: it is keyed with a random key of the process
/// (Swift's `Hasher`), so nobody can choose a name with the hash of somebody else.
public struct RateLimitClient: Sendable, Hashable {
    let hash: UInt64

    /// The client that is named by this value.
    public init(_ value: some Hashable) {
        var hasher = Hasher()
        hasher.combine(value)
        hash = UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

/// Why a client has to wait.
public struct RateLimitRejection: Error, Sendable, Hashable {
    /// What it has done too often.
    public let kind: RateLimitKind
    /// The limit.
    public let rule: RateLimitRule
    /// In how many seconds it may go on: at least 1.
    public let retryAfter: Int

    init(kind: RateLimitKind, rule: RateLimitRule, seconds: Double) {
        self.kind = kind
        self.rule = rule
        retryAfter = max(1, Int(seconds.rounded(.up)))
    }
}
