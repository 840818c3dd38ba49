/// Entries in a few queues that are linked by index. Every step is O(1), and no entry needs an allocation of its own.
///
/// An entry keeps its position until it is removed. The owner remembers which key is at which position.
struct SlotQueues<Entry> {
    fileprivate struct Content {
        var entry: Entry

        mutating func look<Result>(_ body: (inout Entry) -> Result) -> Result { body(&entry) }
    }

    fileprivate struct Slot {
        /// Nil if the slot is free.
        var content: Content?
        var bytes: Int
        var queue: Int
        var newer: Int
        var older: Int
    }

    fileprivate struct Queue {
        var newest = SlotQueues.none
        var oldest = SlotQueues.none
        var bytes = 0
        var count = 0
    }

    fileprivate static var none: Int { -1 }
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var queues: [Queue]

    init(queues count: Int) {
        queues = Array(repeating: Queue(), count: count)
    }

    /// The sizes of all entries of a queue together, as given by the caller.
    func bytes(in queue: Int) -> Int { queues[queue].bytes }

    func count(in queue: Int) -> Int { queues[queue].count }

    func oldest(in queue: Int) -> Int? {
        queues[queue].oldest == Self.none ? nil : queues[queue].oldest
    }

    func queue(of position: Int) -> Int { slots[position].queue }

    /// Adds an entry as a queue's newest.
    mutating func add(_ entry: Entry, bytes: Int, to queue: Int) -> Int {
        let slot = Slot(content: Content(entry: entry), bytes: bytes, queue: queue, newer: Self.none, older: Self.none)
        let position: Int
        if let reused = free.popLast() {
            slots[reused] = slot
            position = reused
        } else {
            slots.append(slot)
            position = slots.count - 1
        }
        link(position)
        return position
    }

    /// Makes an entry the newest of this queue, which may be its own or another.
    mutating func move(_ position: Int, to queue: Int) {
        guard queues[queue].newest != position else { return }
        unlink(position)
        slots[position].queue = queue
        link(position)
    }

    mutating func remove(_ position: Int) -> Entry? {
        unlink(position)
        free.append(position)
        return slots[position].content.take()?.entry
    }

    /// Gives access to an entry in place, without counting its references.
    mutating func look<Result>(at position: Int, _ body: (inout Entry) -> Result) -> Result? {
        slots[position].content?.look(body)
    }

    private mutating func link(_ position: Int) {
        let queue = slots[position].queue
        slots[position].older = queues[queue].newest
        slots[position].newer = Self.none
        if queues[queue].newest != Self.none { slots[queues[queue].newest].newer = position }
        queues[queue].newest = position
        if queues[queue].oldest == Self.none { queues[queue].oldest = position }
        queues[queue].bytes += slots[position].bytes
        queues[queue].count += 1
    }

    private mutating func unlink(_ position: Int) {
        let (queue, newer, older) = (slots[position].queue, slots[position].newer, slots[position].older)
        if newer != Self.none { slots[newer].older = older } else { queues[queue].newest = older }
        if older != Self.none { slots[older].newer = newer } else { queues[queue].oldest = newer }
        queues[queue].bytes -= slots[position].bytes
        queues[queue].count -= 1
    }
}

extension SlotQueues.Content: Sendable where Entry: Sendable {}
extension SlotQueues.Slot: Sendable where Entry: Sendable {}
extension SlotQueues: Sendable where Entry: Sendable {}
