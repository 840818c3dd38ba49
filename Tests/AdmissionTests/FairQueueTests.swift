import Admission
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct FairQueueTests {
    private let clock = ManualClock()
    private let queue: FairQueue<String>
    private var deadline: ContinuousClock.Instant { clock.now + .seconds(5) }

    init() {
        queue = FairQueue(
            .init(permits: 1, load: 0, heldBytes: 100, queue: 2, wait: .seconds(100), pace: 10), clock: clock.clock)
    }

    private func acquire(_ client: String, heldBytes: Int = 1) async throws -> FairQueue<String>.Permit {
        try await queue.acquire(.init(client: client, heldBytes: heldBytes, cost: 10), deadline: deadline)
    }

    @Test func `a permit and its bytes are released separately, each once`() async throws {
        let first = try await acquire("a", heldBytes: 60)
        let second = Task { try await acquire("b", heldBytes: 40) }
        await until { queue.usage.waiting == 1 }
        first.endWork()
        first.endWork()
        let lease = try await second.value
        #expect(queue.usage.permits == 1)
        #expect(queue.usage.heldBytes == 100)
        first.release()
        first.release()
        #expect(queue.usage.heldBytes == 40)
        #expect(queue.usage.permits == 1)
        lease.release()
        #expect(queue.usage.permits == 0)
        #expect(queue.usage.heldBytes == 0)
    }

    @Test func `a permit that is dropped is released`() async throws {
        _ = try await acquire("a", heldBytes: 100)
        #expect(queue.usage.permits == 0)
        #expect(queue.usage.heldBytes == 0)
    }

    @Test func `rejected, displaced and late jobs each get their own error`() async throws {
        let first = try await acquire("a")
        let waiters = [Task { try await acquire("a") }]
        await until { queue.usage.waiting == 1 }
        let newest = Task { try await acquire("a") }
        await until { queue.usage.waiting == 2 && clock.sleeping == 2 }
        await #expect(throws: AdmissionRejection.full(retryAfterSeconds: 3)) { try await acquire("a") }
        let other = Task { try await acquire("b") }
        await #expect(throws: AdmissionRejection.displaced(retryAfterSeconds: 3)) { try await newest.value }
        await until { queue.usage.waiting == 2 && clock.sleeping == 2 }
        #expect(queue.usage.oldestWaitingSeconds == 0)
        clock.advance(by: .seconds(5))
        for waiter in waiters + [other] {
            let error = await #expect(throws: AdmissionRejection.self) { try await waiter.value }
            guard case .tooLate = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(queue.usage.waiting == 0)
        withExtendedLifetime(first) {}
    }

    @Test func `a cancelled job leaves the queue and gets no permit`() async throws {
        let first = try await acquire("a")
        let left = Task { try await acquire("b") }
        await until { queue.usage.waiting == 1 }
        left.cancel()
        await #expect(throws: AdmissionRejection.cancelled) { try await left.value }
        #expect(queue.usage.waiting == 0)
        await until { clock.sleeping == 0 }
        first.release()
        #expect(queue.usage.permits == 0)
    }

    @Test func `a task that is already cancelled is not queued`() async {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await acquire("a")
        }
        task.cancel()
        await #expect(throws: AdmissionRejection.cancelled) { try await task.value }
        #expect(queue.usage.permits == 0)
    }

    @Test func `after a hundred concurrent tasks nothing is held`() async throws {
        let queue = FairQueue<Int>(
            .init(permits: 3, load: 50, heldBytes: 100, queue: 1000, wait: .seconds(1000), pace: 1000),
            clock: clock.clock)
        let deadline = deadline
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let lease = try await queue.acquire(
                        .init(client: number % 5, heldBytes: number, cost: number), deadline: deadline)
                    #expect(queue.usage.heldBytes <= 100)
                    await Task.yield()
                    lease.release()
                }
            }
            try await group.waitForAll()
        }
        #expect(queue.usage.permits == 0)
        #expect(queue.usage.heldBytes == 0)
        #expect(queue.usage.waiting == 0)
    }
}
