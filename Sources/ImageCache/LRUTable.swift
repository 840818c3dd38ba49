/// Keys in the order of their last use, every step O(1): a dictionary into slots that are linked by index.
struct LRUTable<Key: Hashable, Value> {
    fileprivate struct Slot {
        var key: Key
        var value: Value
        var newer: Int
        var older: Int

        mutating func look<Result>(_ body: (inout Value) -> Result) -> Result { body(&value) }
    }

    private static var none: Int { -1 }
    private var index: [Key: Int] = [:]
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var newest = none
    private var oldest = none

    var count: Int { index.count }

    /// The value, which becomes the newest.
    mutating func use(_ key: Key) -> Value? {
        guard let position = index[key], let slot = slots[position] else { return nil }
        if position != newest {
            unlink(position)
            link(position)
        }
        return slot.value
    }

    /// Puts the value in as the newest and returns the one it replaces.
    mutating func set(_ key: Key, _ value: Value) -> Value? {
        let replaced = remove(key)
        let slot = Slot(key: key, value: value, newer: Self.none, older: Self.none)
        let position: Int
        if let reused = free.popLast() {
            slots[reused] = slot
            position = reused
        } else {
            slots.append(slot)
            position = slots.count - 1
        }
        index[key] = position
        link(position)
        return replaced
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let position = index.removeValue(forKey: key) else { return nil }
        unlink(position)
        let value = slots[position]?.value
        slots[position] = nil
        free.append(position)
        return value
    }

    /// Looks into what has not been used for longest, in place. Nil where there is nothing.
    mutating func withOldest<Result>(_ body: (inout Value) -> Result) -> Result? {
        guard oldest != Self.none else { return nil }
        return slots[oldest]?.look(body)
    }

    /// Makes what has not been used for longest the newest.
    mutating func renewOldest() {
        let position = oldest
        guard position != newest else { return }
        unlink(position)
        link(position)
    }

    /// Takes out what has not been used for longest.
    mutating func removeOldest() -> (key: Key, value: Value)? {
        guard oldest != Self.none, let slot = slots[oldest] else { return nil }
        _ = remove(slot.key)
        return (slot.key, slot.value)
    }

    private mutating func link(_ position: Int) {
        slots[position]?.older = newest
        slots[position]?.newer = Self.none
        if newest != Self.none { slots[newest]?.newer = position }
        newest = position
        if oldest == Self.none { oldest = position }
    }

    private mutating func unlink(_ position: Int) {
        guard let slot = slots[position] else { return }
        if slot.newer != Self.none { slots[slot.newer]?.older = slot.older } else { newest = slot.older }
        if slot.older != Self.none { slots[slot.older]?.newer = slot.newer } else { oldest = slot.newer }
    }
}

extension LRUTable.Slot: Sendable where Key: Sendable, Value: Sendable {}
extension LRUTable: Sendable where Key: Sendable, Value: Sendable {}
