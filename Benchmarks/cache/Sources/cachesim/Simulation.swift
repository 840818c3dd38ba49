/// Requests and hits for one kind of body, or for both.
struct Outcome {
    var requests = 0
    var hits = 0
    var bytes = 0
    var hitBytes = 0

    static func + (left: Outcome, right: Outcome) -> Outcome {
        Outcome(
            requests: left.requests + right.requests, hits: left.hits + right.hits, bytes: left.bytes + right.bytes,
            hitBytes: left.hitBytes + right.hitBytes)
    }
}

/// Bodies cached as in the server: in shards, with the server's own rule for which kind gives way.
struct Simulation<P: Policy> {
    private var shares: BodyShares
    private var originals: [P]
    private var renditions: [P]

    init(bytes: Int, shards: Int) {
        shares = BodyShares(limit: bytes)
        originals = (0..<shards).map { _ in P() }
        renditions = originals
    }

    /// Whether the body was cached. Afterwards it is cached.
    mutating func request(_ key: Int, bytes: Int) -> Bool {
        let kind: BodyKind = Catalogue.isOriginal(key) ? .original : .rendition
        var random = Seeded(state: UInt64(key))
        let shard = Int(random.next() % UInt64(originals.count))
        if kind == .original ? originals[shard].use(key) : renditions[shard].use(key) { return true }
        while !shares.take(bytes, for: kind) {
            guard shares.yielding(to: bytes, of: kind).contains(where: { evict($0) }) else { return false }
        }
        if kind == .original {
            originals[shard].add(key, bytes: bytes)
        } else {
            renditions[shard].add(key, bytes: bytes)
        }
        return false
    }

    private mutating func evict(_ kind: BodyKind) -> Bool {
        let freed = kind == .original ? Self.evict(&originals) : Self.evict(&renditions)
        guard let freed else { return false }
        shares.give(freed, of: kind)
        return true
    }

    /// Evicts from the shard with most bytes, as in the server.
    private static func evict(_ shards: inout [P]) -> Int? {
        guard let fullest = shards.indices.max(by: { shards[$0].bytes < shards[$1].bytes }) else { return nil }
        let before = shards[fullest].bytes
        return shards[fullest].evict() ? before - shards[fullest].bytes : nil
    }

    /// The first fifth is not counted, because the cache is cold.
    static func run(
        _ trace: Trace, _ catalogue: Catalogue, bytes: Int, shards: Int
    ) -> (originals: Outcome, renditions: Outcome) {
        var simulation = Self(bytes: bytes, shards: shards)
        var outcomes = (originals: Outcome(), renditions: Outcome())
        for (step, key) in trace.keys.enumerated() {
            let size = catalogue.sizes[key]
            let isHit = simulation.request(key, bytes: size + overheadBytes)
            guard step >= trace.keys.count / 5 else { continue }
            let outcome = Outcome(requests: 1, hits: isHit ? 1 : 0, bytes: size, hitBytes: isHit ? size : 0)
            if Catalogue.isOriginal(key) {
                outcomes.originals = outcomes.originals + outcome
            } else {
                outcomes.renditions = outcomes.renditions + outcome
            }
        }
        return outcomes
    }

    /// The bytes that the server counts for an entry in addition to its body, for paths of a usual length.
    private static var overheadBytes: Int { 1200 }
}
