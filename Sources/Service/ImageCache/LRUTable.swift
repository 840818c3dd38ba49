/// Keys in the order of their last use. Every step is O(1).
struct LRUTable<Key: Hashable, Value> {
    fileprivate struct Entry {
        var key: Key
        var value: Value
    }

    private var index: [Key: Int] = [:]
    private var slots = SlotQueues<Entry>(queues: 1)

    var count: Int { index.count }
    /// The sizes of all values together, as given by the caller.
    var bytes: Int { slots.bytes(in: 0) }
    /// In no order.
    var keys: some Sequence<Key> { index.keys }

    /// The value, which becomes the newest.
    mutating func use(_ key: Key) -> Value? {
        guard let position = index[key] else { return nil }
        slots.move(position, to: 0)
        return slots.look(at: position) { $0.value }
    }

    /// Inserts the value as the newest and returns the one it replaces.
    mutating func set(_ key: Key, _ value: Value, bytes: Int = 0) -> Value? {
        let replaced = remove(key)
        index[key] = slots.add(Entry(key: key, value: value), bytes: bytes, to: 0)
        return replaced
    }

    mutating func remove(_ key: Key) -> Value? {
        guard let position = index.removeValue(forKey: key) else { return nil }
        return slots.remove(position)?.value
    }

    /// Removes the value that was not used for the longest time.
    mutating func removeOldest() -> (key: Key, value: Value)? {
        guard let position = slots.oldest(in: 0), let entry = slots.remove(position) else { return nil }
        index[entry.key] = nil
        return (entry.key, entry.value)
    }
}

extension LRUTable.Entry: Sendable where Key: Sendable, Value: Sendable {}
extension LRUTable: Sendable where Key: Sendable, Value: Sendable {}
