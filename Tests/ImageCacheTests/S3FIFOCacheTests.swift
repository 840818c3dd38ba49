import TestClock
import Testing

@testable import ImageCache

@Suite("S3FIFOCache")
struct S3FIFOCacheTests {
    private typealias Table = S3FIFOCache<Int, Int>

    /// The same rules with plain lists. The oldest entry is first.
    private struct Model {
        struct Entry: Equatable {
            var key: Int
            var value: Int
            var bytes: Int
            var uses = 0
        }

        /// The newcomers' queue and the main queue.
        var queues: [[Entry]] = [[], []]
        var remembered: [Int] = []

        var bytes: Int { queues.joined().reduce(0) { $0 + $1.bytes } }
        var count: Int { queues.joined().count }

        func place(_ key: Int) -> (queue: Int, index: Int)? {
            for queue in 0...1 {
                if let index = queues[queue].firstIndex(where: { $0.key == key }) { return (queue, index) }
            }
            return nil
        }

        mutating func use(_ key: Int) -> Int? {
            guard let (queue, index) = place(key) else { return nil }
            queues[queue][index].uses = min(queues[queue][index].uses + 1, 3)
            return queues[queue][index].value
        }

        mutating func remove(_ key: Int) -> Int? {
            guard let (queue, index) = place(key) else { return nil }
            return queues[queue].remove(at: index).value
        }

        mutating func set(_ key: Int, _ value: Int, bytes: Int) -> Int? {
            var queue = place(key)?.queue
            let uses = place(key).map { queues[$0.queue][$0.index].uses } ?? 0
            if queue == nil, let index = remembered.firstIndex(of: key) {
                remembered.remove(at: index)
                queue = 1
            }
            let replaced = remove(key)
            queues[queue ?? 0].append(Entry(key: key, value: value, bytes: bytes, uses: uses))
            return replaced
        }

        mutating func evict(where isFree: (Int) -> Bool) -> Int? {
            var passedOver = 0
            var held = [0, 0]
            while true {
                let newcomers = queues[0].reduce(0) { $0 + $1.bytes }
                let areAllHeld = held[0] >= min(queues[0].count, 64)
                let isNewcomer = queues[1].isEmpty || !areAllHeld && newcomers * 10 >= bytes
                let queue = isNewcomer ? 0 : 1
                guard held[queue] < 64, var entry = queues[queue].first else { return nil }
                queues[queue].removeFirst()
                if !isFree(entry.value) {
                    held[queue] += 1
                    queues[queue].append(entry)
                } else if passedOver < 256, entry.uses >= (isNewcomer ? 2 : 1) {
                    passedOver += 1
                    entry.uses = isNewcomer ? 0 : entry.uses - 1
                    queues[1].append(entry)
                } else {
                    if isNewcomer {
                        remembered.removeAll { $0 == entry.key }
                        remembered.append(entry.key)
                        remembered.removeFirst(max(0, remembered.count - max(queues[1].count, 1)))
                    }
                    return entry.key
                }
            }
        }
    }

    @Test(
        "Behaves like plain lists over many random steps, and never exceeds its budget", arguments: [50, 400, 4000],
        SeededRandom.seeds)
    func model(_ budget: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = Table()
        var model = Model()
        var held: Set<Int> = []
        for step in 0..<4000 {
            // A few keys that come often, and many that come seldom.
            let key =
                Bool.random(using: &random)
                ? Int.random(in: 0..<8, using: &random) : Int.random(in: 0..<300, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let expected = model.use(key)
                let got = table.use(key)
                #expect(got == expected)
            case 4..<8:
                let bytes = Int.random(in: 0...budget / 4, using: &random)
                var isFull = false
                while table.bytes + bytes > budget, !isFull {
                    let gone = table.evict { !held.contains($0) }
                    let expected = model.evict { !held.contains($0) }
                    #expect(gone?.key == expected)
                    isFull = gone == nil
                }
                guard !isFull else { break }
                let replaced = model.set(key, step, bytes: bytes)
                let got = table.set(key, step, bytes: bytes)
                #expect(got == replaced)
                if Int.random(in: 0..<20, using: &random) == 0 { held.insert(step) }
                if held.count > 5 { held = [] }
            case 8:
                let removed = model.remove(key)
                let got = table.remove(key)
                #expect(got == removed)
            default:
                let got = table.contains(key)
                #expect(got == (model.place(key) != nil))
            }
            // Read outside the expectation, which would hold a copy of the table.
            let (bytes, count) = (table.bytes, table.count)
            #expect(bytes <= budget)
            #expect(bytes == model.bytes)
            #expect(count == model.count)
        }
        // The index is complete: each entry is found, and all can be evicted.
        for entry in model.queues.joined() {
            let got = table.use(entry.key)
            #expect(got == entry.value)
        }
        var gone = 0
        while table.evict(where: { _ in true }) != nil { gone += 1 }
        #expect(gone == model.count)
        #expect(table.bytes == 0)
        #expect(table.count == 0)
    }

    @Test("An entry that is used again and again outlasts entries that are used once")
    func scan() {
        var table = Table()
        func add(_ key: Int) {
            while table.bytes + 1 > 100 { _ = table.evict { _ in true } }
            _ = table.set(key, key, bytes: 1)
        }
        for key in 0..<80 { add(key) }
        for _ in 0..<2 { for key in 0..<80 { _ = table.use(key) } }
        for key in 1000..<20_000 { add(key) }
        let left = (0..<80).count { table.contains($0) }
        #expect(left == 80)
    }

    @Test("Slow readers that hold each entry for long evict no more")
    func scanOfSlowReaders() {
        var table = Table()
        func add(_ key: Int) {
            // The last twenty entries are still being read. That is twice the newcomers' share.
            while table.bytes + 1 > 100, table.evict(where: { $0 < key - 20 }) != nil {}
            _ = table.set(key, key, bytes: 1)
        }
        for key in 0..<80 { add(key) }
        for _ in 0..<2 { for key in 0..<80 { _ = table.use(key) } }
        for key in 1000..<3000 {
            add(key)
            // Popular entries are still used.
            if key % 10 == 0 { for popular in 0..<80 { _ = table.use(popular) } }
        }
        let left = (0..<80).count { table.contains($0) }
        #expect(left >= 75)
    }

    @Test("A body that replaces another keeps its uses")
    func replaced() {
        var table = Table()
        for key in 0..<10 { _ = table.set(key, key, bytes: 1) }
        for _ in 0..<2 { _ = table.use(0) }
        _ = table.set(0, 100, bytes: 1)
        // It is the newest of ten. Nine newcomers are evicted, and it stays.
        for _ in 0..<9 { _ = table.evict { _ in true } }
        _ = table.set(11, 11, bytes: 1)
        let gone = table.evict { _ in true }
        #expect(gone?.key == 11)
        let isThere = table.contains(0)
        #expect(isThere)
    }

    @Test("An entry that comes again soon after its eviction goes to the main queue at once")
    func remembered() {
        var table = Table()
        func add(_ key: Int) {
            while table.bytes + 1 > 100 { _ = table.evict { _ in true } }
            _ = table.set(key, key, bytes: 1)
        }
        for key in 0..<100 { add(key) }
        for key in 0..<90 { for _ in 0..<2 { _ = table.use(key) } }
        for key in 100..<120 { add(key) }
        var isThere = table.contains(95)
        #expect(!isThere)
        add(95)
        for key in 1000..<1050 { add(key) }
        isThere = table.contains(95)
        #expect(isThere)
        isThere = table.contains(96)
        #expect(!isThere)
    }

    @Test("Even if all entries were used often, one is evicted; if none may be evicted, none is")
    func bounded() {
        var table = Table()
        for key in 0..<1000 { _ = table.set(key, key, bytes: 1) }
        for _ in 0..<3 { for key in 0..<1000 { _ = table.use(key) } }
        for _ in 0..<1000 {
            var looks = 0
            let gone = table.evict { _ in
                looks += 1
                return true
            }
            let isBounded = gone != nil && looks <= 257
            #expect(isBounded)
        }
        for key in 0..<1000 { _ = table.set(key, key, bytes: 1) }
        var looks = 0
        let none = table.evict { _ in
            looks += 1
            return false
        }
        #expect(none == nil)
        #expect(looks <= 128)
        #expect(table.count == 1000)
    }
}
