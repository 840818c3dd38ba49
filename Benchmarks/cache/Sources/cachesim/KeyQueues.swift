/// Keys in queues: the basis of the other policies in the comparison.
struct KeyQueues {
    struct Entry {
        var key: Int
        var bytes: Int
        var uses = 0
    }

    var index: [Int: Int] = [:]
    var slots: SlotQueues<Entry>

    init(queues: Int) {
        slots = SlotQueues(queues: queues)
    }

    mutating func add(_ key: Int, bytes: Int, to queue: Int) {
        index[key] = slots.add(Entry(key: key, bytes: bytes), bytes: bytes, to: queue)
    }

    mutating func entry(_ position: Int) -> Entry {
        slots.look(at: position) { $0 } ?? Entry(key: -1, bytes: 0)
    }

    mutating func removeOldest(in queue: Int) -> Entry? {
        guard let position = slots.oldest(in: queue), let entry = slots.remove(position) else { return nil }
        index[entry.key] = nil
        return entry
    }
}
