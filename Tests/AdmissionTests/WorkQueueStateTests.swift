import Testing

@testable import Admission

@Suite struct WorkQueueStateTests {
    private let now = ContinuousClock.now
    private var state = WorkQueueState(threads: 1, queueLimit: 2)

    @Test mutating func `a job beyond the limit of the queue is rejected`() {
        let deadline = now + .seconds(10)
        #expect(state.submit(1, deadline: deadline, now: now) == .success(false))
        #expect(state.submit(2, deadline: deadline, now: now) == .success(true))
        #expect(state.submit(3, deadline: deadline, now: now) == .success(true))
        #expect(
            state.submit(4, deadline: deadline, now: now + .seconds(2))
                == .failure(.overloaded(retryAfterSeconds: 2)))
        #expect(state.next(now: now) == .init(start: 1))
        #expect(state.submit(5, deadline: deadline, now: now) == .failure(.overloaded(retryAfterSeconds: 1)))
        state.finish(1)
        #expect(state.submit(5, deadline: deadline, now: now) == .success(true))
        #expect(state.queued == 3)
    }

    @Test mutating func `a job whose deadline has passed is not started`() {
        #expect(state.submit(1, deadline: now + .seconds(1), now: now) == .success(false))
        #expect(state.submit(2, deadline: now + .seconds(9), now: now) == .success(true))
        #expect(state.oldestAge(now: now + .seconds(1)) == .seconds(1))
        #expect(
            state.next(now: now + .seconds(1))
                == .init(start: 2, expired: [1: .overloaded(retryAfterSeconds: 1)]))
        #expect(state.next(now: now) == .init())
        #expect(!state.hasNews)
    }

    @Test mutating func `a deadline that has passed is rejected at once`() {
        #expect(state.submit(1, deadline: now, now: now) == .failure(.overloaded(retryAfterSeconds: 1)))
    }

    @Test mutating func `a queued job can be withdrawn, a running one not`() {
        #expect(state.submit(1, deadline: now + .seconds(1), now: now) == .success(false))
        #expect(state.submit(2, deadline: now + .seconds(1), now: now) == .success(true))
        #expect(state.next(now: now) == .init(start: 1))
        #expect(state.withdraw(1, now: now) == nil)
        #expect(state.withdraw(2, now: now) == .zero)
        #expect(state.withdraw(2, now: now) == nil)
        #expect(state.running == [1])
    }

    @Test mutating func `a shutdown rejects waiting and new jobs`() {
        #expect(state.submit(1, deadline: now + .seconds(1), now: now) == .success(false))
        #expect(state.shutDown() == [1])
        #expect(state.hasNews)
        #expect(state.submit(2, deadline: now + .seconds(1), now: now) == .failure(.shuttingDown))
        #expect(state.next(now: now) == .init())
    }
}
