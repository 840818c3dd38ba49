import Admission
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct ByteBudgetTests {
    private let clock = ManualClock()
    private let budget: ByteBudget
    private var deadline: ContinuousClock.Instant { clock.now + .seconds(5) }

    init() {
        budget = ByteBudget(limit: 100, queueLimit: 2, clock: clock.clock)
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func `the limit itself fits`(bytes: Int, fits: Bool) async throws {
        if fits {
            let held = try await budget.withBytes(bytes, deadline: deadline) { budget.usage.heldBytes }
            #expect(held == bytes)
        } else {
            await #expect(throws: AdmissionError.exceedsBudget(limit: 100)) {
                try await budget.acquire(bytes, deadline: deadline)
            }
        }
        #expect(budget.usage.heldBytes == 0)
    }

    @Test func `the order of arrival is kept, though a later one would fit`() async throws {
        let first = try await budget.acquire(60, deadline: deadline)
        async let big = budget.acquire(80, deadline: deadline)
        await until { budget.usage.waiting == 1 }
        async let small = budget.acquire(10, deadline: deadline)
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

    @Test func `a full queue refuses at once, a deadline later`() async throws {
        let held = try await budget.acquire(100, deadline: deadline)
        let waiters = [Task { try await budget.acquire(1, deadline: deadline) }]
        await until { budget.usage.waiting == 1 && clock.sleeping == 1 }
        let late = Task { try await budget.acquire(1, deadline: deadline + .seconds(60)) }
        await until { budget.usage.waiting == 2 && clock.sleeping == 2 }
        clock.advance(by: .milliseconds(3_500))
        #expect(budget.usage.oldestWaitingSeconds == 3.5)
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 4)) {
            try await budget.acquire(1, deadline: deadline)
        }
        clock.advance(by: .milliseconds(1_500))
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 5)) { try await waiters[0].value }
        held.release()
        #expect(try await late.value.bytes == 1)
        await until { clock.sleeping == 0 }
        #expect(budget.usage.oldestWaitingSeconds == 0)
    }

    @Test func `a cancelled wait lets the next one go on`() async throws {
        let held = try await budget.acquire(50, deadline: deadline)
        let big = Task { try await budget.acquire(100, deadline: deadline) }
        await until { budget.usage.waiting == 1 }
        let small = Task { try await budget.acquire(50, deadline: deadline) }
        await until { budget.usage.waiting == 2 }
        big.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await big.value }
        let reservation = try await small.value
        #expect(budget.usage.heldBytes == 100)
        withExtendedLifetime((held, reservation)) {}
    }

    @Test func `a reservation that is forgotten is given back`() async throws {
        _ = try await budget.acquire(100, deadline: deadline)
        #expect(budget.usage.heldBytes == 0)
    }
}
