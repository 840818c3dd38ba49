/// A part of the buckets of one kind: a hash table of fixed places. A client's bucket is in one of the eight places
/// that its hash names, so finding it costs the same however many clients there are.
///
/// Of a bucket only the time is stored at which it will be full again (as in the generic cell rate algorithm). A bucket
/// that is full by now is the same as none, so its place is free.
///
/// The table doubles when eight places are taken, up to its maximum. Then a new client takes the place of the one whose
/// bucket is full soonest: of those eight, it loses the least by beginning anew. Nobody is rejected because of a flood
/// of addresses. To have his own bucket forgotten, an attacker needs eight emptier buckets in the same places. The hash
/// is keyed, so he has to empty about as many buckets of other clients as there are places, which is far more than the
/// one that he gains.
struct BucketShard: Sendable {
    private struct Slot: Sendable {
        var hash: UInt64 = 0
        /// Seconds on the clock of ``RateLimits``.
        var fullAt = -Double.infinity
    }

    private static let ways = 8
    private static let initialSets = 2

    private var slots = [Slot](repeating: Slot(), count: initialSets * ways)
    private let maximumSets: Int

    /// - Parameter maximumSets: a power of two; a set has eight places of 16 bytes.
    init(maximumSets: Int) {
        self.maximumSets = max(Self.initialSets, maximumSets)
    }

    /// How many places there are now.
    var capacity: Int { slots.count }

    /// How many buckets are not full.
    func count(at now: Double) -> Int { slots.count { $0.fullAt > now } }

    /// When the bucket of this client will be full: at `now` if it is.
    func fullAt(_ hash: UInt64, now: Double) -> Double {
        for place in places(of: hash) where slots[place].hash == hash { return max(slots[place].fullAt, now) }
        return now
    }

    /// Stores when the bucket of this client will be full.
    mutating func set(_ hash: UInt64, fullAt: Double, now: Double) {
        while true {
            var chosen = places(of: hash).lowerBound
            for place in places(of: hash) {
                if slots[place].hash == hash {
                    slots[place].fullAt = fullAt
                    return
                }
                if slots[place].fullAt < slots[chosen].fullAt { chosen = place }
            }
            // A bucket that is full needs no place.
            guard fullAt > now else { return }
            if slots[chosen].fullAt <= now || slots.count >= maximumSets * Self.ways {
                slots[chosen] = Slot(hash: hash, fullAt: fullAt)
                return
            }
            grow(now: now)
        }
    }

    private func places(of hash: UInt64) -> Range<Int> {
        // The lowest bits choose the shard. The number of sets is a power of two.
        let set = Int(truncatingIfNeeded: hash >> 16) & (slots.count / Self.ways - 1)
        return set * Self.ways..<(set + 1) * Self.ways
    }

    private mutating func grow(now: Double) {
        let old = slots
        slots = [Slot](repeating: Slot(), count: 2 * old.count)
        for slot in old where slot.fullAt > now {
            // Each of the old sets becomes two, so there is a free place.
            for place in places(of: slot.hash) where slots[place].fullAt <= now {
                slots[place] = slot
                break
            }
        }
    }
}
