/// W-TinyLFU (Einziger and others, 2017), by bytes: a hundredth is a window. A key that leaves the window stays only if
/// it was requested more often than the oldest key of the segmented LRU after it.
struct TinyLFU: Policy {
    private static let (window, probation, protected) = (0, 1, 2)
    private var keys = KeyQueues(queues: 3)
    private var sketch = Sketch()
    private static let windowPart = 100
    private var isFull = false

    var bytes: Int { (0...2).reduce(0) { $0 + keys.slots.bytes(in: $1) } }
    private var mainBytes: Int { keys.slots.bytes(in: Self.probation) + keys.slots.bytes(in: Self.protected) }

    mutating func use(_ key: Int) -> Bool {
        sketch.add(key, entries: keys.index.count)
        guard let position = keys.index[key] else { return false }
        if keys.slots.queue(of: position) == Self.window {
            keys.slots.move(position, to: Self.window)
        } else {
            keys.slots.move(position, to: Self.protected)
            while keys.slots.bytes(in: Self.protected) > mainBytes / 5 * 4,
                let oldest = keys.slots.oldest(in: Self.protected), oldest != position
            {
                keys.slots.move(oldest, to: Self.probation)
            }
        }
        return true
    }

    mutating func add(_ key: Int, bytes added: Int) {
        keys.add(key, bytes: added, to: Self.window)
        // While there is room for all, no keys compete.
        while !isFull, keys.slots.bytes(in: Self.window) * Self.windowPart > bytes,
            let oldest = keys.slots.oldest(in: Self.window)
        {
            keys.slots.move(oldest, to: Self.probation)
        }
    }

    mutating func evict() -> Bool {
        isFull = true
        let main = keys.slots.oldest(in: Self.probation) ?? keys.slots.oldest(in: Self.protected)
        guard keys.slots.bytes(in: Self.window) * Self.windowPart >= bytes,
            let candidate = keys.slots.oldest(in: Self.window)
        else {
            guard let main else { return keys.removeOldest(in: Self.window) != nil }
            return keys.removeOldest(in: keys.slots.queue(of: main)) != nil
        }
        guard let main else { return keys.removeOldest(in: Self.window) != nil }
        if sketch.count(keys.entry(candidate).key) > sketch.count(keys.entry(main).key) {
            keys.slots.move(candidate, to: Self.probation)
            return keys.removeOldest(in: keys.slots.queue(of: main)) != nil
        }
        return keys.removeOldest(in: Self.window) != nil
    }
}

/// How often a key was requested recently, up to 15, in four rows. All counts are halved after ten times as many
/// requests as there are entries.
struct Sketch {
    private var counters = [UInt8](repeating: 0, count: 4 << 16)
    private var added = 0

    private static func places(_ key: Int) -> (Int, Int, Int, Int) {
        var mix = Seeded(state: UInt64(truncatingIfNeeded: key))
        let hash = mix.next()
        let mask: UInt64 = (1 << 16) - 1
        return (
            Int(hash & mask), Int(1 << 16 + (hash >> 16) & mask), Int(2 << 16 + (hash >> 32) & mask),
            Int(3 << 16 + (hash >> 48) & mask)
        )
    }

    mutating func add(_ key: Int, entries: Int) {
        let (a, b, c, d) = Self.places(key)
        counters[a] = min(counters[a] + 1, 15)
        counters[b] = min(counters[b] + 1, 15)
        counters[c] = min(counters[c] + 1, 15)
        counters[d] = min(counters[d] + 1, 15)
        added += 1
        if added >= 10 * max(entries, 100) {
            for place in counters.indices { counters[place] /= 2 }
            added /= 2
        }
    }

    func count(_ key: Int) -> UInt8 {
        let (a, b, c, d) = Self.places(key)
        return min(min(counters[a], counters[b]), min(counters[c], counters[d]))
    }
}
