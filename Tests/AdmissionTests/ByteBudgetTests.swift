import Admission
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct ByteBudgetTests {
    private let clock = ManualClock()
    private let budget: ByteBudget<Int>
    private var deadline: ContinuousClock.Instant { clock.now + .seconds(5) }

    init() {
        budget = ByteBudget(limit: 100, queueLimit: 2, clock: clock.clock)
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func `a request of exactly the limit is granted, and one more byte is rejected`(bytes: Int, fits: Bool) async throws
    {
        if fits {
            let held = try await budget.withBytes(bytes, for: 1, deadline: deadline) { budget.usage.heldBytes }
            #expect(held == bytes)
        } else {
            await #expect(throws: AdmissionError.exceedsBudget(limit: 100)) {
                try await budget.acquire(bytes, for: 1, deadline: deadline)
            }
        }
        #expect(budget.usage.heldBytes == 0)
    }

    @Test func `a request waits for an earlier one, even if it would fit at once`() async throws {
        let first = try await budget.acquire(60, for: 1, deadline: deadline)
        async let big = budget.acquire(80, for: 1, deadline: deadline)
        await until { budget.usage.waiting == 1 }
        async let small = budget.acquire(10, for: 1, deadline: deadline)
        await until { budget.usage.waiting == 2 }
        #expect(budget.usage.heldBytes == 60)
        first.release()
        first.release()
        let both = try await (big, small)
        #expect(budget.usage.heldBytes == 90)
        both.0.release()
        #expect(budget.usage.heldBytes == 10)
        withExtendedLifetime(both) {}
    }

    @Test func `a full queue rejects at once, and a queued request is rejected at its deadline`() async throws {
        let held = try await budget.acquire(100, for: 1, deadline: deadline)
        let waiters = [Task { try await budget.acquire(1, for: 1, deadline: deadline) }]
        await until { budget.usage.waiting == 1 && clock.sleeping == 1 }
        let late = Task { try await budget.acquire(1, for: 1, deadline: deadline + .seconds(60)) }
        await until { budget.usage.waiting == 2 && clock.sleeping == 2 }
        clock.advance(by: .milliseconds(3_500))
        #expect(budget.usage.oldestWaitingSeconds == 3.5)
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 4)) {
            try await budget.acquire(1, for: 1, deadline: deadline)
        }
        clock.advance(by: .milliseconds(1_500))
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 5)) { try await waiters[0].value }
        held.release()
        #expect(try await late.value.bytes == 1)
        await until { clock.sleeping == 0 }
        #expect(budget.usage.oldestWaitingSeconds == 0)
    }

    @Test func `if a waiting request is cancelled, the next one is granted`() async throws {
        let held = try await budget.acquire(50, for: 1, deadline: deadline)
        let big = Task { try await budget.acquire(100, for: 1, deadline: deadline) }
        await until { budget.usage.waiting == 1 }
        let small = Task { try await budget.acquire(50, for: 1, deadline: deadline) }
        await until { budget.usage.waiting == 2 }
        big.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await big.value }
        let reservation = try await small.value
        #expect(budget.usage.heldBytes == 100)
        withExtendedLifetime((held, reservation)) {}
    }

    @Test func `a reservation that is dropped gives its bytes back`() async throws {
        _ = try await budget.acquire(100, for: 1, deadline: deadline)
        #expect(budget.usage.heldBytes == 0)
    }

    // MARK: Shares

    private func shared() -> ByteBudget<Int> {
        ByteBudget(limit: 100, queueLimit: 8, share: 25, clock: clock.clock)
    }

    /// Twenty slow readers of large renditions from one address once held the whole budget.
    @Test func `a client gets at most its share, and other clients do not wait for it`() async throws {
        let budget = shared()
        let held = try await budget.acquire(20, for: 1, deadline: deadline)
        let greedy = Task { try await budget.acquire(10, for: 1, deadline: deadline) }
        await until { budget.usage.waiting == 1 }
        let other = try await budget.acquire(25, for: 2, deadline: deadline)
        #expect(budget.usage.heldBytes == 45)
        // Later requests of the same client wait for its earlier request.
        let small = Task { try await budget.acquire(1, for: 1, deadline: deadline) }
        await until { budget.usage.waiting == 2 }
        held.release()
        #expect(try await greedy.value.bytes == 10)
        #expect(try await small.value.bytes == 1)
        withExtendedLifetime(other) {}
    }

    @Test func `a request may exceed the share if the client holds nothing else`() async throws {
        let budget = shared()
        let large = try await budget.acquire(90, for: 1, deadline: deadline)
        #expect(budget.tryAcquire(1, for: 1) == nil)
        let other = try #require(budget.tryAcquire(10, for: 2))
        large.release()
        let small = try #require(budget.tryAcquire(25, for: 1))
        #expect(budget.tryAcquire(1, for: 1) == nil)
        withExtendedLifetime((other, small)) {}
    }

    @Test func `one client has a quarter of the queue`() async throws {
        let budget = shared()
        let held = try await budget.acquire(25, for: 1, deadline: deadline)
        let waiters = (0..<2).map { _ in Task { try await budget.acquire(1, for: 1, deadline: deadline) } }
        await until { budget.usage.waiting == 2 }
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 1)) {
            try await budget.acquire(1, for: 1, deadline: deadline)
        }
        held.release()
        for waiter in waiters { _ = try await waiter.value }
    }

    @Test func `a reservation can shrink, and can grow within the limit`() async throws {
        let budget = shared()
        let held = try await budget.acquire(60, for: 1, deadline: deadline)
        #expect(held.resize(to: 80))
        #expect(budget.usage.heldBytes == 80)
        let waiter = Task { try await budget.acquire(25, for: 2, deadline: deadline) }
        await until { budget.usage.waiting == 1 }
        #expect(!held.resize(to: 101))
        #expect(held.bytes == 80)
        #expect(held.resize(to: 10))
        #expect(try await waiter.value.bytes == 25)
        held.release()
        #expect(!held.resize(to: 1))
        #expect(held.bytes == 0)
    }

    /// Two clients can hold the same bytes. If the client that they are counted for leaves, they must be counted for
    /// the other one.
    @Test func `bytes that several clients hold are counted for one that still holds them`() async throws {
        let budget = shared()
        let reservation = try await budget.acquire(25, for: 1, deadline: deadline)
        var joint: JointReservation<Int>? = JointReservation(reservation, for: 1)
        var holders = [joint?.join(1), joint?.join(1), joint?.join(2)]
        joint = nil
        #expect(budget.tryAcquire(1, for: 1) == nil)
        holders[0] = nil
        #expect(budget.tryAcquire(1, for: 1) == nil)
        holders[1] = nil
        #expect(budget.tryAcquire(1, for: 1) != nil)
        #expect(budget.tryAcquire(1, for: 2) == nil)
        #expect(budget.usage.heldBytes == 25)
        holders[2] = nil
        withExtendedLifetime(reservation) { #expect(budget.usage.heldBytes == 25) }
        _ = consume holders
    }
}
