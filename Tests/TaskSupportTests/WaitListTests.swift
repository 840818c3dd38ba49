import TestClock
import Testing

@testable import TaskSupport

/// Waits for numbers: `update` answers those that wait, in the order of arrival.
@Suite("Tasks that wait", .timeLimit(.minutes(1)))
struct WaitListTests {
    private typealias Numbers = WaitList<[Int], String>

    /// Waits in line; who leaves hands its place on to the first of the others.
    private func wait(_ list: Numbers, until deadline: ContinuousClock.Instant? = nil) async -> String {
        await list.wait(until: deadline, cancelled: "never came") { line, ticket in
            line.append(ticket)
            return (.waits, [])
        } leave: { line, ticket, departure in
            line.removeAll { $0 == ticket }
            let next = line.isEmpty ? [] : [(line.removeFirst(), "in its place")]
            return switch departure {
            case .cancelled: ("cancelled", next)
            case .late(let waited): ("late after \(waited.components.seconds) s", next)
            }
        }
    }

    @Test func aTaskAnsweredAtOnceDoesNotWait() async {
        let list = WaitList<Int, String>(0)
        let answer = await list.wait(cancelled: "") { count, _ in
            count += 1
            return (.answered("at once"), [])
        } leave: { _, _, _ in
            ("left", [])
        }
        #expect(answer == "at once")
        #expect(list.count == 0 && list.withState { $0 } == 1)
    }

    @Test func anUpdateAnswersWaitingTasks() async {
        let list = Numbers([])
        let tasks = (0..<3).map { _ in Task { await wait(list) } }
        await until { list.count == 3 }
        list.update { line in
            defer { line = [line[2]] }
            return [(line[1], "second"), (line[0], "first"), (9_999, "nobody")]
        }
        await until { list.count == 1 }
        list.update { line in line.map { ($0, "third") } }
        var answers: [String] = []
        for task in tasks { answers.append(await task.value) }
        #expect(answers.sorted() == ["first", "second", "third"])
    }

    @Test func anArrivalMayAnswerAWaitingTask() async {
        let list = Numbers([])
        let first = Task { await wait(list) }
        await until { list.count == 1 }
        let second = await list.wait(cancelled: "") { line, _ in
            (.answered("went on"), [(line[0], "displaced")])
        } leave: { _, _, _ in
            ("left", [])
        }
        #expect(second == "went on")
        #expect(await first.value == "displaced")
    }

    @Test func aTaskCancelledBeforehandDoesNotArrive() async {
        let list = Numbers([])
        let task = Task {
            try? await untilCancelled()
            return await wait(list)
        }
        task.cancel()
        #expect(await task.value == "never came")
        #expect(list.withState { $0.isEmpty })
    }

    @Test func aCancelledTaskLetsTheNextGoOn() async {
        let list = Numbers([])
        let first = Task { await wait(list) }
        await until { list.count == 1 }
        let second = Task { await wait(list) }
        await until { list.count == 2 }
        first.cancel()
        #expect(await first.value == "cancelled")
        #expect(await second.value == "in its place")
        #expect(list.count == 0)
    }

    @Test func aDeadlineEndsAWait() async {
        let clock = ManualClock()
        let list = Numbers([], clock: clock.clock)
        let late = Task { await wait(list, until: clock.now + .seconds(5)) }
        await until { list.count == 1 && clock.sleeping == 1 }
        clock.advance(by: .seconds(2))
        #expect(list.oldestWait == .seconds(2))
        let patient = Task { await wait(list) }
        await until { list.count == 2 }
        clock.advance(by: .seconds(3))
        #expect(await late.value == "late after 5 s")
        #expect(await patient.value == "in its place")
        #expect(list.oldestWait == .zero)
    }

    @Test func theTimerOfAnAnsweredTaskEnds() async {
        let clock = ManualClock()
        let list = Numbers([], clock: clock.clock)
        let task = Task { await wait(list, until: clock.now + .seconds(5)) }
        await until { list.count == 1 && clock.sleeping == 1 }
        list.update { line in line.map { ($0, "done") } }
        #expect(await task.value == "done")
        await until { clock.sleeping == 0 }
    }

    /// A continuation that is resumed twice traps, and one that is never resumed keeps its task for ever.
    @Test func everyTicketIsAnsweredOnceInAnyRace() async {
        let list = Numbers([])
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let task = Task { await wait(list) }
                    if number.isMultiple(of: 2) {
                        await Task.yield()
                        task.cancel()
                    }
                    _ = await task.value
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    list.update { line in line.isEmpty ? [] : [(line.removeFirst(), "next")] }
                    await Task.yield()
                }
            }
            for _ in 0..<400 { await group.next() }
            group.cancelAll()
        }
        #expect(list.count == 0 && list.withState { $0.isEmpty })
    }
}
