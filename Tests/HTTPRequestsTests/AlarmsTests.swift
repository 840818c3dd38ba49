import NIOConcurrencyHelpers
import TestClock
import Testing

@testable import HTTPRequests

/// Alarms with a clock that only the test advances.
@Suite(.timeLimit(.minutes(1))) struct AlarmsTests {
    private let clock = ManualClock()
    private let alarms: Alarms
    private let rung = NIOLockedValueBox<[String]>([])

    init() {
        alarms = Alarms(clock: clock.clock)
    }

    private func set(_ name: String, after seconds: Int) -> Alarms.ID {
        alarms.set(at: clock.now + .seconds(seconds)) { [rung] in rung.withLockedValue { $0.append(name) } }
    }

    private var names: [String] { rung.withLockedValue { $0 } }

    @Test func alarmFiresAtItsTimeAndNotBefore() async {
        _ = set("a", after: 10)
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(clock.sleeping == 1 && names.isEmpty)
        clock.advance(by: .nanoseconds(1))
        await until { names == ["a"] }
    }

    /// The alarm that is due first is set last.
    @Test func alarmsFireOnceInOrder() async {
        _ = set("late", after: 30)
        await until { clock.sleeping == 1 }
        _ = set("early", after: 10)
        for (name, seconds) in [("early", 10), ("late", 20)] {
            await until { clock.sleeping == 1 }
            clock.advance(by: .seconds(seconds))
            await until { names.last == name }
        }
        #expect(names == ["early", "late"])
    }

    @Test func cancelledAlarmDoesNotFire() async {
        let first = set("a", after: 10)
        let second = set("b", after: 20)
        alarms.remove(first)
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10))
        // The task wakes without a due alarm, and sleeps again.
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10))
        await until { names == ["b"] }
        alarms.remove(second)
    }

    /// A thousand requests are running, and end in time.
    @Test func oneTaskSleepsForAll() async {
        let all = (0..<1_000).map { set("\($0)", after: 10 + $0 % 7) }
        await until { clock.sleeping == 1 }
        for alarm in all { alarms.remove(alarm) }
        #expect(clock.sleeping == 1)
        clock.advance(by: .seconds(10))
        await until { clock.sleeping == 0 }
        _ = set("next", after: 5)
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(5))
        await until { names == ["next"] }
    }

    @Test func workIsCancelledAtItsDeadline() async {
        let deadlines = DeadlineRunner(alarms: alarms)
        let end = clock.now + .seconds(10)
        let running = Task { try await deadlines.run(until: end) { try await untilCancelled() } }
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10))
        await #expect(throws: DeadlineRunner.Passed.self) { try await running.value }
    }

    @Test func workThatEndsInTimeIsNotCancelled() async throws {
        let deadlines = DeadlineRunner(alarms: alarms)
        #expect(try await deadlines.run(until: clock.now + .seconds(10)) { 7 } == 7)
        let end = clock.now + .seconds(10)
        let running = Task { try await deadlines.run(until: end) { try await untilCancelled() } }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        // No alarm remains until the deadline of work that has ended.
        #expect(alarms.count == 0)
    }
}
