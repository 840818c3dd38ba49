import TestClock
import Testing

@testable import TaskSupport

@Suite("SingleFlight")
struct SingleFlightTests {
    @Test("One piece of work for all who ask at once")
    func one() async throws {
        let flights = SingleFlight<String, Int>()
        let calls = Counter()
        let results = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await flights.run("k") {
                        await calls.add()
                        while flights.waiters(for: "k") < 50 { await Task.yield() }
                        return 7
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == Array(repeating: 7, count: 50))
        #expect(await calls.value == 1)
        #expect(flights.count == 0)
    }

    @Test("Waiters leave alone; the work ends when the last one leaves")
    func leaving() async throws {
        let flights = SingleFlight<String, Bool>()
        let (ended, end) = AsyncStream.makeStream(of: Bool.self)
        let work: @Sendable () async -> Bool = {
            while !Task.isCancelled { await Task.yield() }
            end.yield(Task.isCancelled)
            return true
        }
        let first = Task { try await flights.run("k", work) }
        let second = Task { try await flights.run("k", work) }
        // Both: if the second came after the first had left, the work would have ended.
        await until { flights.waiters(for: "k") == 2 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        #expect(flights.count == 1)
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        var outcomes = ended.makeAsyncIterator()
        #expect(await outcomes.next() == true)
        #expect(flights.count == 0)
    }

    /// Between the last waiter's leaving and the end of the work there is a moment in which others may join.
    @Test("Who joins while the last one leaves is served")
    func joiningAtTheEnd() async throws {
        let flights = SingleFlight<String, Bool>()
        let work: @Sendable () async -> Bool = {
            for _ in 0..<20 { await Task.yield() }
            return !Task.isCancelled
        }
        for round in 0..<500 {
            let first = Task { try await flights.run("k", work) }
            await until { flights.waiters(for: "k") == 1 || flights.count == 0 }
            let second = Task { try await flights.run("k", work) }
            for _ in 0..<round % 5 { await Task.yield() }
            first.cancel()
            #expect(try await second.value)
            _ = await first.result
        }
        #expect(flights.count == 0)
    }

    private actor Counter {
        var value = 0
        func add() { value += 1 }
    }
}
