import TestClock
import Testing

@testable import ImageCache

@Suite("LRUTable")
struct LRUTableTests {
    @Test("Removes the value that was not used for the longest time")
    func order() {
        var table = LRUTable<String, Int>()
        for (index, key) in ["a", "b", "c"].enumerated() { #expect(table.set(key, index) == nil) }
        #expect(table.use("a") == 0)
        #expect(table.set("b", 7) == 1)
        #expect(table.removeOldest()?.key == "c")
        #expect(table.removeOldest()?.key == "a")
        #expect(table.removeOldest()?.value == 7)
        #expect(table.removeOldest() == nil)
        #expect(table.count == 0)
    }

    @Test("Behaves like a plain list over many random steps", arguments: SeededRandom.seeds)
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = LRUTable<Int, Int>()
        var model: [(key: Int, value: Int)] = []
        for step in 0..<4000 {
            let key = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let old = model.firstIndex { $0.key == key }.map { model.remove(at: $0).value }
                model.append((key, step))
                let replaced = table.set(key, step, bytes: key)
                #expect(replaced == old)
            case 2:
                let found = model.firstIndex { $0.key == key }.map { model.remove(at: $0) }
                if let found { model.append(found) }
                let used = table.use(key)
                #expect(used == found?.value)
            case 3:
                let old = model.firstIndex { $0.key == key }.map { model.remove(at: $0).value }
                let removed = table.remove(key)
                #expect(removed == old)
            default:
                let oldest = model.isEmpty ? nil : model.removeFirst()
                let removed = table.removeOldest()?.key
                #expect(removed == oldest?.key)
            }
            // Read outside the expectation, which would hold a copy of the table.
            let (count, bytes) = (table.count, table.bytes)
            #expect(count == model.count)
            #expect(bytes == model.reduce(0) { $0 + $1.key })
        }
    }
}
