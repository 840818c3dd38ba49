/// Keys with values of some size, and a choice of which one is to go: S3-FIFO (Yang and others, SOSP 2023), by bytes.
///
/// What comes in waits in a queue for newcomers, a tenth of the bytes. Who has been used there goes on to the main
/// queue; who has not goes, and leaves its name: should it come again soon, it is let into the main queue at once. So
/// one who goes through everything once pushes out no more than a tenth. In the main queue every use is worth another
/// round.
///
/// Chosen by measurement; `docs/benchmarks.md` has the table, `Benchmarks/cache` the others. A use changes one number
/// and no order, and every step is O(1).
struct S3FIFOCache<Key: Hashable, Value> {
    fileprivate struct Entry {
        var key: Key
        var value: Value
        var uses = 0
    }

    private static var newcomers: Int { 0 }
    private static var main: Int { 1 }
    /// The part of all bytes that newcomers have to themselves.
    private static var newcomersPart: Int { 10 }
    /// A client's HEAD, and then its GET, shall not look like two who want the same thing.
    private static var usesToStay: Int { 2 }
    private static var maximumUses: Int { 3 }
    /// Nobody waits while the queues are gone through: after so many have been passed over for their uses, the next one
    /// goes in spite of them.
    private static var maximumPassedOver: Int { 256 }
    /// After so many of a queue that may not go, none of it does.
    private static var maximumHeld: Int { 64 }

    private var index: [Key: Int] = [:]
    private var slots = SlotQueues<Entry>(queues: 2)
    /// Hashes of the names of those who went from the newcomers' queue, as many as the main queue has entries. One that
    /// is wrong costs nothing but a better place.
    private var remembered = LRUTable<Int, Void>()

    var count: Int { index.count }
    /// Of all values together, as they were given.
    var bytes: Int { slots.bytes(in: Self.newcomers) + slots.bytes(in: Self.main) }

    /// Whether there is a value, which is no use of it.
    func contains(_ key: Key) -> Bool { index[key] != nil }

    /// The value, which has been used once more.
    mutating func use(_ key: Key) -> Value? {
        guard let position = index[key] else { return nil }
        return slots.look(at: position) { entry in
            entry.uses = min(entry.uses + 1, Self.maximumUses)
            return entry.value
        }
    }

    /// Puts the value in and returns the one it replaces, whose queue and uses it takes over.
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

    /// Takes out the one that is worth least. Nil where there is nothing, or too much in a row that may not go.
    ///
    /// - Parameter isFree: whether this value may go; one that may not is being used.
    mutating func evict(where isFree: (inout Value) -> Bool) -> (key: Key, value: Value)? {
        var (passedOver, heldNewcomers, heldMain) = (0, 0, 0)
        while true {
            let areAllHeld = heldNewcomers >= min(slots.count(in: Self.newcomers), Self.maximumHeld)
            let queue = areAllHeld && slots.count(in: Self.main) > 0 ? Self.main : queueToYield
            let held = queue == Self.newcomers ? heldNewcomers : heldMain
            guard held < Self.maximumHeld, let position = slots.oldest(in: queue) else { return nil }
            let (isHeld, uses) = slots.look(at: position) { (!isFree(&$0.value), $0.uses) } ?? (false, 0)
            if isHeld {
                // A newcomer that is still being sent stays one: in the main queue it would push out what is worth
                // more, and slow readers would so send all that they read once through it.
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
