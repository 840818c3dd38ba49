/// Segmented LRU: keys that were used again are in a separate queue of at most four fifths of the bytes.
struct SegmentedLRU: Policy {
    private static let (probation, protected) = (0, 1)
    private var keys = KeyQueues(queues: 2)

    var bytes: Int { keys.slots.bytes(in: Self.probation) + keys.slots.bytes(in: Self.protected) }

    mutating func use(_ key: Int) -> Bool {
        guard let position = keys.index[key] else { return false }
        keys.slots.move(position, to: Self.protected)
        while keys.slots.bytes(in: Self.protected) > bytes / 5 * 4,
            let oldest = keys.slots.oldest(in: Self.protected), oldest != position
        {
            keys.slots.move(oldest, to: Self.probation)
        }
        return true
    }

    mutating func add(_ key: Int, bytes: Int) { keys.add(key, bytes: bytes, to: Self.probation) }

    mutating func evict() -> Bool {
        keys.removeOldest(in: Self.probation) != nil || keys.removeOldest(in: Self.protected) != nil
    }
}
