import NIOConcurrencyHelpers

/// The buckets of all clients for one rule. Bounded: 32 MiB for the two million places that a million clients need, of
/// which only as many are made as there are clients.
final class TokenBuckets: Sendable {
    private static let shardCount = 64

    let rule: RateLimitRule
    private let shards: [NIOLockedValueBox<BucketShard>]
    private let secondsPerToken: Double
    private let burstSeconds: Double

    /// Sums of times are rounded: a hundredth of a token is forgiven.
    private static let tolerance = 0.01

    /// - Parameter maximumPlaces: of all shards, a power of two, at least 1,024. Half as many clients find a place
    ///   almost always.
    init(_ rule: RateLimitRule, maximumPlaces: Int) {
        self.rule = rule
        shards = (0..<Self.shardCount).map { _ in
            NIOLockedValueBox(BucketShard(maximumSets: maximumPlaces / Self.shardCount / 8))
        }
        secondsPerToken = 1 / rule.perSecond
        burstSeconds = Double(rule.burst) / rule.perSecond
    }

    /// Takes tokens if there are enough.
    ///
    /// - Parameters:
    ///   - hash: of the client, keyed.
    ///   - now: in seconds.
    /// - Returns: nil if it took them; else the seconds until there are enough.
    func take(_ amount: Int, hash: UInt64, now: Double) -> Double? {
        shard(hash).withLockedValue { shard in
            let fullAt = shard.fullAt(hash, now: now) + Double(amount) * secondsPerToken
            let missing = fullAt - now - burstSeconds
            guard missing <= Self.tolerance * secondsPerToken else { return missing }
            shard.set(hash, fullAt: fullAt, now: now)
            return nil
        }
    }

    /// Takes tokens if there are any, however many are wanted: the bucket may go into debt, but for no longer than a
    /// day.
    func takeInDebt(_ amount: Int, hash: UInt64, now: Double) -> Double? {
        shard(hash).withLockedValue { shard in
            let fullAt = shard.fullAt(hash, now: now)
            let missing = fullAt - now - burstSeconds
            // Exactly empty is empty.
            guard missing < -Self.tolerance * secondsPerToken else { return max(missing, secondsPerToken) }
            shard.set(hash, fullAt: charged(fullAt, amount, now), now: now)
            return nil
        }
    }

    /// Takes tokens in any case.
    func charge(_ amount: Int, hash: UInt64, now: Double) {
        shard(hash).withLockedValue { shard in
            shard.set(hash, fullAt: charged(shard.fullAt(hash, now: now), amount, now), now: now)
        }
    }

    /// Gives back tokens that were taken for nothing.
    func giveBack(_ amount: Int, hash: UInt64, now: Double) {
        shard(hash).withLockedValue { shard in
            let fullAt = shard.fullAt(hash, now: now)
            guard fullAt > now else { return }
            shard.set(hash, fullAt: fullAt - Double(amount) * secondsPerToken, now: now)
        }
    }

    /// How many buckets are not full.
    func count(at now: Double) -> Int { shards.reduce(0) { $0 + $1.withLockedValue { $0.count(at: now) } } }

    /// How many places were made.
    var capacity: Int { shards.reduce(0) { $0 + $1.withLockedValue { $0.capacity } } }

    private func charged(_ fullAt: Double, _ amount: Int, _ now: Double) -> Double {
        min(fullAt + Double(amount) * secondsPerToken, max(fullAt, now + burstSeconds + RateLimitRule.longestSeconds))
    }

    private func shard(_ hash: UInt64) -> NIOLockedValueBox<BucketShard> {
        shards[Int(truncatingIfNeeded: hash) & (Self.shardCount - 1)]
    }
}
