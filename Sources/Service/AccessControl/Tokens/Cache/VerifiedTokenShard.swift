/// A part of the cache of verified tokens. When it is full, it drops a token that was not asked for since the hand came
/// by last (the clock algorithm).
struct VerifiedTokenShard: Sendable {
    private struct Entry: Sendable {
        let hash: Int
        let token: [UInt8]
        let claims: TokenClaims
        let cost: Int
        var isRecent: Bool
    }

    private let maximumEntries: Int
    private let maximumBytes: Int
    private var entries: [Entry] = []
    /// By hash: where the entry is.
    private var places: [Int: Int] = [:]
    private var hand = 0
    private var generation: UInt64 = 0
    /// Of all entries, with what they need besides their text.
    private(set) var bytes = 0

    var count: Int { entries.count }

    init(maximumEntries: Int, maximumBytes: Int) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    mutating func find(
        _ token: UnsafeBufferPointer<UInt8>, hash: Int, generation: UInt64, at now: Int64
    ) -> TokenClaims? {
        guard isCurrent(generation), let place = places[hash], entries[place].token.elementsEqual(token) else {
            return nil
        }
        guard !entries[place].claims.isExpired(at: now) else {
            remove(at: place)
            return nil
        }
        entries[place].isRecent = true
        return entries[place].claims
    }

    mutating func insert(_ token: [UInt8], hash: Int, _ claims: TokenClaims, generation: UInt64) {
        let cost = Self.cost(token, claims)
        guard isCurrent(generation), maximumEntries > 0, cost <= maximumBytes else { return }
        if let place = places[hash] { remove(at: place) }
        var hasEvicted = false
        while entries.count >= maximumEntries || bytes + cost > maximumBytes {
            evictOne()
            hasEvicted = true
        }
        places[hash] = entries.count
        entries.append(Entry(hash: hash, token: token, claims: claims, cost: cost, isRecent: false))
        bytes += cost
        // Behind the hand, which comes to it last.
        if hasEvicted { exchange(hand - 1, entries.count - 1) }
    }

    /// Empties the shard if the keys have changed since. False: the caller's generation is older, and what it has found
    /// out may be wrong by now.
    private mutating func isCurrent(_ generation: UInt64) -> Bool {
        if generation > self.generation {
            self.generation = generation
            entries.removeAll()
            places.removeAll()
            bytes = 0
            hand = 0
        }
        return generation == self.generation
    }

    private mutating func evictOne() {
        while true {
            if hand >= entries.count { hand = 0 }
            let isRecent = entries[hand].isRecent
            if isRecent { entries[hand].isRecent = false } else { remove(at: hand) }
            hand += 1
            if !isRecent { return }
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        guard one != other else { return }
        entries.swapAt(one, other)
        places[entries[one].hash] = one
        places[entries[other].hash] = other
    }

    private mutating func remove(at place: Int) {
        let gone = entries[place]
        places[gone.hash] = nil
        bytes -= gone.cost
        let last = entries.removeLast()
        guard place < entries.count else { return }
        entries[place] = last
        places[last.hash] = place
    }

    /// The token, the claims, and about as much as an entry, its place and the allocator need.
    private static func cost(_ token: [UInt8], _ claims: TokenClaims) -> Int {
        let prefixes = (claims.prefixes ?? []).reduce(0) { $0 + $1.bytes.count + 48 }
        return token.count + (claims.subject?.utf8.count ?? 0) + prefixes + 256
    }
}
