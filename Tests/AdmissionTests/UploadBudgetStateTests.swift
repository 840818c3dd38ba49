import Testing

@testable import Admission

@Suite struct UploadBudgetStateTests {
    /// Two parts of 80 in steps of 10.
    private var state = UploadBudgetState(totalBytes: 160, partBytes: 80, stepBytes: 10)

    @Test mutating func `targets are rounded up to steps and end at a part`() {
        let lease = state.open()
        #expect(state.request(1, for: lease, ticket: 1) == true)
        #expect(state.held(by: lease) == 10)
        #expect(state.request(10, for: lease, ticket: 2) == true)
        #expect(state.held(by: lease) == 10)
        #expect(state.request(11, for: lease, ticket: 3) == true)
        #expect(state.held(by: lease) == 20)
        #expect(state.request(1_000, for: lease, ticket: 4) == true)
        #expect(state.held(by: lease) == 80)
        #expect(state.shrink(lease, to: 15) == .init())
        #expect(state.held(by: lease) == 20)
        #expect(state.heldBytes == 20)
    }

    @Test mutating func `a step is refused that would leave nobody able to finish`() {
        let (a, b, c) = (state.open(), state.open(), state.open())
        #expect(state.request(40, for: a, ticket: 1) == true)
        #expect(state.request(40, for: b, ticket: 2) == true)
        #expect(state.request(40, for: c, ticket: 3) == true)
        // 40 are left, just what any of the three needs. One step for a fourth would leave 30.
        let d = state.open()
        #expect(state.request(10, for: d, ticket: 4) == false)
        #expect(state.heldBytes == 120)
        // Those who can finish pass the one who waits.
        #expect(state.request(50, for: b, ticket: 5) == true)
        #expect(state.request(50, for: a, ticket: 6) == false)
        #expect(state.request(80, for: b, ticket: 7) == true)
        #expect(state.freeBytes == 0)
        // b is done: first the one who came first, then the other.
        #expect(state.close(b) == .init(granted: [4, 6]))
        #expect(state.held(by: d) == 10)
        #expect(state.held(by: a) == 50)
    }

    @Test mutating func `closing gives back once, and ends the waiting of its own requests`() {
        let (a, b) = (state.open(), state.open())
        #expect(state.request(80, for: a, ticket: 1) == true)
        #expect(state.request(80, for: b, ticket: 2) == true)
        let c = state.open()
        #expect(state.request(10, for: c, ticket: 3) == false)
        #expect(state.close(c) == .init(granted: [], refused: [3]))
        #expect(state.close(a) == .init())
        #expect(state.close(a) == .init())
        #expect(state.heldBytes == 80)
        #expect(state.request(10, for: a, ticket: 4) == nil)
        #expect(state.openLeases == 1)
    }

    @Test mutating func `a withdrawn request lets those behind it go on`() {
        let (a, b, c) = (state.open(), state.open(), state.open())
        #expect(state.request(70, for: a, ticket: 1) == true)
        // After it 10 would be left, just what the first needs; after 90 nothing would be.
        #expect(state.request(70, for: b, ticket: 2) == true)
        #expect(state.request(20, for: c, ticket: 3) == false)
        let d = state.open()
        #expect(state.request(10, for: d, ticket: 4) == false)
        #expect(state.withdraw(99) == .init())
        #expect(state.withdraw(3) == .init(granted: [4], refused: [3]))
        #expect(state.withdraw(3) == .init())
    }

    /// Any number of uploads of any length, in any order, come to their end, and no step breaks the rule.
    @Test(arguments: 0..<20)
    func `no schedule locks up`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let part = Int.random(in: 1...8, using: &random) * 10
        let total = part + Int.random(in: 0...200, using: &random)
        var state = UploadBudgetState(totalBytes: total, partBytes: part, stepBytes: 10)
        struct Upload {
            let lease: Int
            var buffered = 0
            var toCome: Int
            var isWaiting = false
        }
        var uploads = (0..<40).map { _ in
            Upload(lease: state.open(), toCome: Int.random(in: 1...300, using: &random))
        }
        var waiting: [Int: Int] = [:]
        var ticket = 0
        while !uploads.allSatisfy({ $0.toCome == 0 }) {
            let ready = uploads.indices.filter { !uploads[$0].isWaiting && uploads[$0].toCome > 0 }
            guard let index = ready.randomElement(using: &random) else {
                Issue.record("everybody waits: \(state)")
                return
            }
            var outcome = UploadBudgetState.Outcome()
            if uploads[index].buffered == part {
                // The part has been sent.
                uploads[index].buffered = 0
                outcome = state.shrink(uploads[index].lease, to: 0)
            } else {
                ticket += 1
                let step = min(10, part - uploads[index].buffered, uploads[index].toCome)
                uploads[index].buffered += step
                uploads[index].toCome -= step
                if state.request(uploads[index].buffered, for: uploads[index].lease, ticket: ticket) == false {
                    uploads[index].isWaiting = true
                    waiting[ticket] = index
                }
            }
            if uploads[index].toCome == 0 && !uploads[index].isWaiting {
                outcome.granted += state.close(uploads[index].lease).granted
            }
            // Whoever was granted the last step closes, which may grant more.
            var granted = outcome.granted[...]
            while let next = granted.popFirst() {
                guard let woken = waiting.removeValue(forKey: next) else {
                    Issue.record("a ticket that does not wait was granted")
                    return
                }
                uploads[woken].isWaiting = false
                if uploads[woken].toCome == 0 { granted += state.close(uploads[woken].lease).granted }
            }
            let most = uploads.map { state.held(by: $0.lease) }.max() ?? 0
            #expect(state.heldBytes == uploads.reduce(0) { $0 + state.held(by: $1.lease) })
            #expect(state.freeBytes >= part - most)
        }
        #expect(state.heldBytes == 0)
        #expect(state.waiting == 0)
    }
}

/// A small generator with a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
