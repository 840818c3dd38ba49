import Admission
import Testing

@Suite(.timeLimit(.minutes(1))) struct UploadBudgetTests {
    /// Two seats of 50 and a lobby of 40, where one may hold 10.
    private let budget = UploadBudget(totalBytes: 140, partBytes: 50, stepBytes: 10)

    /// Bytes held, leases open, requests waiting.
    private var counts: [Int] {
        let usage = budget.usage
        return [usage.heldBytes, usage.openLeases, usage.waiting]
    }

    @Test func `a lease gives back when it is released, and when it is forgotten`() async throws {
        var lease: UploadBudget.Lease? = budget.open()
        #expect(try await lease?.grow(by: 15) == 20)
        #expect(budget.usage.heldBytes == 20)
        lease?.shrink(to: 10)
        #expect(budget.usage.heldBytes == 10)
        lease?.release()
        lease?.release()
        #expect(counts == [0, 0, 0])
        await #expect(throws: CancellationError.self) { try await lease?.grow(to: 10) }
        let other = budget.open()
        try await other.grow(to: 50)
        lease = budget.open()
        try await lease?.grow(to: 30)
        lease = nil
        #expect(counts == [50, 1, 0])
        withExtendedLifetime(other) {}
    }

    @Test func `who waits goes on when bytes come back`() async throws {
        let (a, b, c) = (budget.open(), budget.open(), budget.open())
        try await a.grow(to: 50)
        try await b.grow(to: 50)
        async let grown = c.grow(by: 20)
        await until { budget.waiting == 1 }
        a.shrink(to: 40)
        #expect(budget.waiting == 1)
        a.shrink(to: 0)
        #expect(budget.waiting == 0)
        #expect(try await grown == 20)
        withExtendedLifetime((a, b)) {}
    }

    @Test func `a cancelled wait takes nothing`() async throws {
        let (a, b, c) = (budget.open(), budget.open(), budget.open())
        try await a.grow(to: 50)
        try await b.grow(to: 50)
        let waiter = Task { try await c.grow(to: 20) }
        await until { budget.waiting == 1 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(counts == [100, 3, 0])
        a.release()
        #expect(c.heldBytes == 0)
        withExtendedLifetime((a, b, c)) {}
    }

    @Test func `many uploads at once end, within the budget`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    let lease = budget.open()
                    for _ in 0..<3 {
                        for _ in 0..<5 {
                            try await lease.grow(by: 10)
                            await Task.yield()
                        }
                        #expect(budget.usage.heldBytes <= 140)
                        lease.shrink(to: 0)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts == [0, 0, 0])
    }
}
