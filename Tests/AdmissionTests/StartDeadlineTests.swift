import Admission
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct StartDeadlineTests {
    private let clock = ManualClock()

    @Test func `a wait ends at the deadline with an error`() async throws {
        let running = Task {
            try await StartDeadline.run(within: .seconds(60), clock: clock.clock) { _ in
                try await untilCancelled()
            }
        }
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(59))
        #expect(clock.sleeping == 1)
        clock.advance(by: .seconds(1))
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 60)) { try await running.value }
    }

    @Test func `work that has begun is not cancelled at the deadline`() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await StartDeadline.run(within: .seconds(60), clock: clock.clock) { permit in
                try permit.begin()
                begin.finish()
                for await _ in ended {}
                return Task.isCancelled
            }
        }
        for await _ in begun {}
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(61))
        await until { clock.sleeping == 0 }
        end.finish()
        #expect(try await running.value == false)
    }

    @Test func `a cancelled caller ends the wait and its timer`() async throws {
        let running = Task {
            try await StartDeadline.run(within: .seconds(60), clock: clock.clock) { _ in
                try await untilCancelled()
            }
        }
        await until { clock.sleeping == 1 }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        await until { clock.sleeping == 0 }
    }
}
