import Testing

@testable import Admission

@Suite struct UploadBudgetStateTests {
    /// Three slots of 80 and a shared pool of 80, in steps of 10. An upload without a slot may hold 10.
    private var state = UploadBudgetState<Int>(totalBytes: 320, partBytes: 80, stepBytes: 10)
    private var clients = 0

    /// Opens a lease for a new client.
    private mutating func open() -> Int {
        clients += 1
        return state.open(for: clients)
    }

    @Test mutating func `targets are rounded up to steps and end at a part`() {
        let lease = open()
        #expect(state.request(1, for: lease, ticket: 1) == true)
        #expect(state.held(by: lease) == 10)
        #expect(state.request(10, for: lease, ticket: 2) == true)
        #expect(state.held(by: lease) == 10)
        #expect(state.request(11, for: lease, ticket: 3) == true)
        #expect(state.held(by: lease) == 20)
        #expect(state.request(1_000, for: lease, ticket: 4) == true)
        #expect(state.held(by: lease) == 80)
        #expect(state.heldBytes == 80)
    }

    @Test mutating func `an upload that needs more than the shared pool gives takes a slot, and then never waits`() {
        #expect(state.slots == 3)
        let slotted = (0..<3).map { _ in open() }
        for (number, lease) in slotted.enumerated() {
            #expect(state.request(20, for: lease, ticket: number) == true)
        }
        #expect(state.slotsTaken == 3)
        // A fourth upload waits for a slot. It does not delay uploads that fit into the shared pool.
        let (fourth, small) = (open(), open())
        #expect(state.request(10, for: fourth, ticket: 10) == true)
        #expect(state.request(20, for: fourth, ticket: 11) == false)
        #expect(state.request(10, for: small, ticket: 12) == true)
        for (number, lease) in slotted.enumerated() {
            #expect(state.request(80, for: lease, ticket: 20 + number) == true)
        }
        #expect(state.close(slotted[1]) == .init(granted: [11]))
        #expect(state.held(by: fourth) == 20)
        #expect(state.sharedPoolHeld == 10)
    }

    @Test mutating func `if the shared pool is full, uploads wait for a slot or for bytes, in the order of arrival`() {
        let stalled = (0..<8).map { _ in open() }
        for (number, lease) in stalled.enumerated() { #expect(state.request(10, for: lease, ticket: number) == true) }
        #expect(state.sharedPoolHeld == 80)
        // The shared pool is full: new uploads take slots while there are any.
        let late = (0..<5).map { _ in open() }
        let answers = late.enumerated().map { state.request(10, for: $1, ticket: 100 + $0) }
        #expect(answers == [true, true, true, false, false])
        #expect(state.close(stalled[0]) == .init(granted: [103]))
        #expect(state.close(late[0]) == .init(granted: [104]))
    }

    @Test mutating func `closing a lease gives its bytes back once, and rejects its own waiting requests`() {
        let leases = (0..<3).map { _ in open() }
        for (number, lease) in leases.enumerated() { #expect(state.request(80, for: lease, ticket: number) == true) }
        let waiting = open()
        #expect(state.request(80, for: waiting, ticket: 3) == false)
        #expect(state.close(waiting) == .init(granted: [], rejected: [3]))
        #expect(state.close(leases[0]) == .init())
        #expect(state.close(leases[0]) == .init())
        #expect(state.heldBytes == 160)
        #expect(state.slotsTaken == 2)
        #expect(state.request(10, for: leases[0], ticket: 4) == nil)
    }

    @Test mutating func `a withdrawn request is reported once`() {
        for number in 0..<3 { #expect(state.request(80, for: open(), ticket: number) == true) }
        #expect(state.request(80, for: open(), ticket: 3) == false)
        #expect(state.withdraw(99) == .init())
        #expect(state.withdraw(3) == .init(granted: [], rejected: [3]))
        #expect(state.withdraw(3) == .init())
    }

    /// Any number of uploads of any length, in any order, come to their end. No step exceeds the limits.
    @Test(arguments: 0..<20)
    func `no order of requests ends in a deadlock`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let part = Int.random(in: 1...8, using: &random) * 10
        let total = part + Int.random(in: 0...200, using: &random)
        var state = UploadBudgetState<Int>(totalBytes: total, partBytes: part, stepBytes: 10)
        struct Upload {
            var client: Int
            var lease: Int
            var buffered = 0
            var toCome: Int
            var isWaiting = false
        }
        var uploads = (0..<40).map { number in
            Upload(
                client: number % 5, lease: state.open(for: number % 5), toCome: Int.random(in: 1...300, using: &random))
        }
        var waiting: [Int: Int] = [:]
        var ticket = 0
        while !uploads.allSatisfy({ $0.toCome == 0 }) {
            let ready = uploads.indices.filter { !uploads[$0].isWaiting && uploads[$0].toCome > 0 }
            guard let index = ready.randomElement(using: &random) else {
                Issue.record("all uploads wait: \(state)")
                return
            }
            var outcome = UploadBudgetState<Int>.Outcome()
            if uploads[index].buffered == part {
                // The part was sent.
                uploads[index].buffered = 0
                outcome = state.close(uploads[index].lease)
                uploads[index].lease = state.open(for: uploads[index].client)
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
            // The upload that got the last step closes its lease, and this may grant more requests.
            var granted = outcome.granted[...]
            while let next = granted.popFirst() {
                guard let woken = waiting.removeValue(forKey: next) else {
                    Issue.record("a ticket that does not wait was granted")
                    return
                }
                uploads[woken].isWaiting = false
                if uploads[woken].toCome == 0 { granted += state.close(uploads[woken].lease).granted }
            }
            #expect(state.heldBytes == uploads.reduce(0) { $0 + state.held(by: $1.lease) })
            #expect(state.heldBytes <= total)
            #expect(state.slotsTaken <= state.slots && state.sharedPoolHeld <= state.sharedPoolBytes)
        }
        #expect(state.heldBytes == 0)
        #expect(state.sharedPoolHeld == 0 && state.slotsTaken == 0)
        #expect(state.waiting == 0)
        #expect(state.remembered == 0)
    }

    /// 18 uploads of one client that sent a byte every 2 s once had all slots of the default budget. Every other
    /// client's upload of more than 1 MiB waited for 180 s.
    @Test func `one client has a quarter of the slots and of the shared pool`() {
        // 15 slots of 80 and a shared pool of 400. An upload without a slot may hold 10.
        var state = UploadBudgetState<Int>(totalBytes: 1_600, partBytes: 80, stepBytes: 10)
        #expect(state.slots == 15 && state.sharedPoolBytes == 400)
        let greedy = (0..<20).map { _ in state.open(for: 1) }
        let answers = greedy.enumerated().map { state.request(80, for: $1, ticket: $0) }
        #expect(answers.count { $0 == true } == 3)
        #expect(state.slotsTaken == 3)
        let small = (0..<11).map { _ in state.open(for: 1) }
        let sharedPool = small.enumerated().map { state.request(10, for: $1, ticket: 100 + $0) }
        #expect(sharedPool == Array(repeating: true, count: 10) + [false])
        // No other client waits because of it.
        let other = state.open(for: 2)
        #expect(state.request(80, for: other, ticket: 200) == true)
        // The bytes that the client gives back are available to itself again.
        #expect(state.close(greedy[0]) == .init(granted: [3]))
        #expect(state.close(small[0]) == .init(granted: [110]))
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
