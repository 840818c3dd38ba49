/// A cache of values with sizes that chooses what to evict: S3-FIFO (Yang and others, SOSP 2023), by bytes.
///
/// - A new entry goes to the newcomers' queue, a tenth of the bytes.
/// - At the end of that queue an entry that was used moves to the main queue. Any other is evicted and leaves its name:
///   if it soon comes again, it goes to the main queue at once. So a scan through everything pushes out no more than a
///   tenth.
/// - In the main queue, every use is worth another round.
///
/// Chosen by measurement; `docs/benchmarks.md` has the table, `Benchmarks/cache` the alternatives. A use changes one
/// number and no order, and every step is O(1).
struct S3FIFOCache<Key: Hashable, Value> {
    fileprivate struct Entry {
        var key: Key
        var value: Value
        var uses = 0
    }

    private static var newcomers: Int { 0 }
    private static var main: Int { 1 }
    /// The fraction of all bytes reserved for newcomers: one part in so many.
    private static var newcomersPart: Int { 10 }
    /// A client's HEAD and its GET after that should not look like two clients that want the same thing.
    private static var usesToStay: Int { 2 }
    private static var maximumUses: Int { 3 }
    /// Bounds the search, which callers wait for: after so many entries that were skipped for their uses, the next one
    /// is evicted in spite of them.
    private static var maximumPassedOver: Int { 256 }
    /// After so many entries of a queue that must not be evicted, the search gives up on that queue.
    private static var maximumHeld: Int { 64 }

    private var index: [Key: Int] = [:]
    private var slots = SlotQueues<Entry>(queues: 2)
    /// Hashes of the names of entries evicted from the newcomers' queue, as many as the main queue has entries. A hash
    /// collision only gives an entry a better place.
    private var remembered = LRUTable<Int, Void>()

    var count: Int { index.count }
    /// The sizes of all values together, as given by the caller.
    var bytes: Int { slots.bytes(in: Self.newcomers) + slots.bytes(in: Self.main) }

    /// Whether there is a value. Does not count as a use.
    func contains(_ key: Key) -> Bool { index[key] != nil }

    /// The value. Counts as a use.
    mutating func use(_ key: Key) -> Value? {
        guard let position = index[key] else { return nil }
        return slots.look(at: position) { entry in
            entry.uses = min(entry.uses + 1, Self.maximumUses)
            return entry.value
        }
    }

    /// Inserts the value and returns the one it replaces. The new value takes over its queue and uses.
    mutating func set(_ key: Key, _ value: Value, bytes: Int) -> Value? {
        var (queue, uses) = (Self.newcomers, 0)
        if let position = index[key] {
            queue = slots.queue(of: position)
            uses = slots.look(at: position) { $0.uses } ?? 0
        } else if remembered.remove(key.hashValue) != nil {
            queue = Self.main
        }
        let replaced = remove(key)
        index[key] = slots.add(Entry(key: key, value: value, uses: uses), bytes: bytes, to: queue)
        return replaced
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let position = index.removeValue(forKey: key) else { return nil }
        return slots.remove(position)?.value
    }

    /// Removes the least valuable entry. Nil if there is none, or too many in a row that must not be evicted.
    ///
    /// - Parameter isFree: whether this value may be evicted; else it is in use.
    mutating func evict(where isFree: (inout Value) -> Bool) -> (key: Key, value: Value)? {
        var (passedOver, heldNewcomers, heldMain) = (0, 0, 0)
        while true {
            let areAllHeld = heldNewcomers >= min(slots.count(in: Self.newcomers), Self.maximumHeld)
            let queue = areAllHeld && slots.count(in: Self.main) > 0 ? Self.main : queueToYield
            let held = queue == Self.newcomers ? heldNewcomers : heldMain
            guard held < Self.maximumHeld, let position = slots.oldest(in: queue) else { return nil }
            let (isHeld, uses) = slots.look(at: position) { (!isFree(&$0.value), $0.uses) } ?? (false, 0)
            if isHeld {
                // A newcomer that is still being sent stays one: in the main queue it would push out more valuable
                // entries, and slow readers could pass everything they read once through it.
                if queue == Self.newcomers { heldNewcomers += 1 } else { heldMain += 1 }
                slots.move(position, to: queue)
            } else if passedOver < Self.maximumPassedOver, uses >= (queue == Self.newcomers ? Self.usesToStay : 1) {
                passedOver += 1
                _ = slots.look(at: position) { $0.uses = queue == Self.newcomers ? 0 : uses - 1 }
                slots.move(position, to: Self.main)
            } else {
                guard let gone = slots.remove(position) else { return nil }
                index[gone.key] = nil
                if queue == Self.newcomers { remember(gone.key) }
                return (gone.key, gone.value)
            }
        }
    }

    private var queueToYield: Int {
        if slots.count(in: Self.main) == 0 { return Self.newcomers }
        if slots.count(in: Self.newcomers) == 0 { return Self.main }
        return slots.bytes(in: Self.newcomers) * Self.newcomersPart >= bytes ? Self.newcomers : Self.main
    }

    private mutating func remember(_ key: Key) {
        _ = remembered.set(key.hashValue, ())
        while remembered.count > max(slots.count(in: Self.main), 1) { _ = remembered.removeOldest() }
    }
}

extension S3FIFOCache.Entry: Sendable where Key: Sendable, Value: Sendable {}
extension S3FIFOCache: Sendable where Key: Sendable, Value: Sendable {}
