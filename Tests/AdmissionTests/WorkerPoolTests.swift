import Admission
import Synchronization
import TaskSupport
import TestClock
import Testing

@Suite(.timeLimit(.minutes(1))) struct WorkerPoolTests {
    private struct WorkError: Error {}

    /// Work that blocks its thread until the test opens it or cancels it.
    private final class Gate: Sendable {
        private let open = Atomic(false)
        private let entered = Atomic(false)

        var hasBegun: Bool { entered.load(ordering: .acquiring) }

        func release() { open.store(true, ordering: .releasing) }

        func work(_ cancellation: Cancellation) throws -> Int {
            entered.store(true, ordering: .releasing)
            while !open.load(ordering: .acquiring) {
                if cancellation.isCancelled { throw WorkError() }
            }
            return 7
        }
    }

    private let clock = ManualClock()
    private var deadline: ContinuousClock.Instant { clock.now + .seconds(5) }

    private func makePool(threads: Int = 1, queueLimit: Int = 2) -> WorkerPool {
        WorkerPool(threads: threads, queueLimit: queueLimit, name: "test", clock: clock.clock)
    }

    @Test func `results and errors come back`() async throws {
        let pool = makePool(threads: 2, queueLimit: 200)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...100 {
                group.addTask { try await pool.run(deadline: deadline) { _ in number } }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 5_050)
        await #expect(throws: WorkError.self) { try await pool.run(deadline: deadline) { _ in throw WorkError() } }
        #expect(pool.usage.running == 0)
        await pool.shutdown()
    }

    @Test func `the queue is bounded and its age is known`() async throws {
        let pool = makePool()
        let gate = Gate()
        let running = Task { try await pool.run(deadline: deadline, gate.work) }
        await until { gate.hasBegun }
        let queued = (0..<2).map { number in Task { try await pool.run(deadline: deadline) { _ in number } } }
        await until { pool.usage.queued == 2 }
        clock.advance(by: .milliseconds(1_500))
        #expect(pool.usage.oldestQueuedSeconds == 1.5)
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 2)) {
            try await pool.run(deadline: deadline) { _ in }
        }
        gate.release()
        #expect(try await running.value == 7)
        #expect(try await queued[0].value == 0)
        #expect(try await queued[1].value == 1)
        #expect(pool.usage.oldestQueuedSeconds == 0)
    }

    @Test func `a deadline ends the wait while the thread is busy`() async throws {
        let pool = makePool()
        let gate = Gate()
        let running = Task { try await pool.run(deadline: deadline, gate.work) }
        await until { gate.hasBegun }
        let queued = Task { try await pool.run(deadline: deadline) { _ in } }
        await until { pool.usage.queued == 1 && clock.sleeping == 1 }
        clock.advance(by: .seconds(5))
        await #expect(throws: AdmissionError.overloaded(retryAfterSeconds: 5)) { try await queued.value }
        #expect(pool.usage.queued == 0)
        gate.release()
        #expect(try await running.value == 7)
    }

    @Test func `cancelled work that waits never begins`() async throws {
        let pool = makePool()
        let (gate, other) = (Gate(), Gate())
        let running = Task { try await pool.run(deadline: deadline, gate.work) }
        await until { gate.hasBegun }
        let queued = Task { try await pool.run(deadline: deadline, other.work) }
        await until { pool.usage.queued == 1 }
        queued.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await queued.value }
        gate.release()
        _ = try await running.value
        await pool.shutdown()
        #expect(!other.hasBegun)
    }

    @Test func `running work that is cancelled sees its flag, and its handler is called`() async throws {
        let pool = makePool()
        let gate = Gate()
        let told = Gate()
        let running = Task {
            try await pool.run(deadline: deadline) { cancellation in
                cancellation.onCancel { told.release() }
                return try gate.work(cancellation)
            }
        }
        await until { gate.hasBegun }
        running.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await running.value }
        #expect(try told.work(Cancellation()) == 7)
        // The thread is available again.
        #expect(try await pool.run(deadline: deadline) { _ in 1 } == 1)
    }

    @Test func `a task that is cancelled already is not admitted`() async {
        let pool = makePool()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await pool.run(deadline: deadline) { _ in 1 }
        }
        task.cancel()
        await #expect(throws: AdmissionError.cancelled) { try await task.value }
    }

    @Test func `a shutdown cancels running jobs, and rejects waiting and new ones`() async throws {
        let pool = makePool()
        let gate = Gate()
        let running = Task { try await pool.run(deadline: deadline, gate.work) }
        await until { gate.hasBegun }
        let queued = Task { try await pool.run(deadline: deadline) { _ in } }
        await until { pool.usage.queued == 1 }
        await pool.shutdown(cancelRunning: true)
        await #expect(throws: AdmissionError.cancelled) { try await running.value }
        await #expect(throws: AdmissionError.shuttingDown) { try await queued.value }
        await #expect(throws: AdmissionError.shuttingDown) { try await pool.run(deadline: deadline) { _ in } }
        await pool.shutdown()
    }
}
