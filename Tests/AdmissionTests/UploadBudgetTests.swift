import Admission
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct UploadBudgetTests {
    /// Two slots of 50 and a shared pool of 40. An upload without a slot may hold 10.
    private let budget = UploadBudget<Int>(totalBytes: 140, partBytes: 50, stepBytes: 10)

    private let deadline = ContinuousClock.now + .seconds(120)

    /// Bytes held, and requests waiting.
    private var counts: [Int] {
        let usage = budget.usage
        return [usage.heldBytes, usage.waiting]
    }

    @Test func `a lease gives its bytes back when it is released or dropped`() async throws {
        var lease: UploadBudget<Int>.Lease? = budget.open(for: 2)
        try await lease?.grow(to: 15, deadline: deadline)
        #expect(lease?.heldBytes == 20)
        #expect(budget.usage.heldBytes == 20)
        lease?.release()
        lease?.release()
        #expect(counts == [0, 0])
        await #expect(throws: AdmissionError.cancelled) { try await lease?.grow(to: 10, deadline: deadline) }
        let other = budget.open(for: 1)
        try await other.grow(to: 50, deadline: deadline)
        lease = budget.open(for: 2)
        try await lease?.grow(to: 30, deadline: deadline)
        lease = nil
        #expect(counts == [50, 0])
        withExtendedLifetime(other) {}
    }

    @Test func `a waiting upload is granted when bytes are given back`() async throws {
        let (a, b, c) = (budget.open(for: 1), budget.open(for: 2), budget.open(for: 3))
        try await a.grow(to: 50, deadline: deadline)
        try await b.grow(to: 50, deadline: deadline)
        async let grown: Void = c.grow(to: 20, deadline: deadline)
        await until { budget.usage.waiting == 1 }
        a.release()
        #expect(budget.usage.waiting == 0)
        try await grown
        #expect(c.heldBytes == 20)
        withExtendedLifetime((a, b)) {}
    }

    @Test func `a wait ends at its deadline and takes no bytes`() async throws {
        let clock = ManualClock()
        let budget = UploadBudget<Int>(totalBytes: 140, partBytes: 50, stepBytes: 10, clock: clock.clock)
        let (a, b, c) = (budget.open(for: 1), budget.open(for: 2), budget.open(for: 3))
        let deadline = clock.now + .seconds(30)
        try await a.grow(to: 50, deadline: deadline)
        try await b.grow(to: 50, deadline: deadline)
        let waiter = Task { try await c.grow(to: 20, deadline: deadline) }
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(29))
        #expect(budget.usage.waiting == 1)
        clock.advance(by: .seconds(1))
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 30)) { try await waiter.value }
        #expect(budget.usage.waiting == 0)
        #expect(c.heldBytes == 0)
        // A request that is granted leaves no timer.
        a.release()
        try await c.grow(to: 50, deadline: clock.now + .seconds(30))
        #expect(clock.sleeping == 0)
        withExtendedLifetime((a, b, c)) {}
    }

    @Test func `a cancelled wait takes no bytes`() async throws {
        let (a, b, c) = (budget.open(for: 1), budget.open(for: 2), budget.open(for: 3))
        try await a.grow(to: 50, deadline: deadline)
        try await b.grow(to: 50, deadline: deadline)
        let waiter = Task { try await c.grow(to: 20, deadline: deadline) }
        await until { budget.usage.waiting == 1 }
        waiter.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await waiter.value }
        #expect(counts == [100, 0])
        a.release()
        #expect(c.heldBytes == 0)
        withExtendedLifetime((a, b, c)) {}
    }

    @Test func `many concurrent uploads end, and never exceed the budget`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<100 {
                group.addTask {
                    for _ in 0..<3 {
                        let lease = budget.open(for: client)
                        for bytes in 1...5 {
                            try await lease.grow(to: bytes * 10, deadline: deadline)
                            await Task.yield()
                        }
                        #expect(budget.usage.heldBytes <= 140)
                        lease.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts == [0, 0])
    }
}
