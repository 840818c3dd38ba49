import NIOConcurrencyHelpers
import TestClock
import Testing

@testable import TaskSupport

@Suite(.timeLimit(.minutes(1))) struct KeyedLockTests {
    private let lock = KeyedLock<String>()

    /// Who holds a key until it is told to go.
    private func hold(_ key: String, shared: Bool = false) async -> (
        leave: @Sendable () -> Void, task: Task<Void, any Error>
    ) {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (end, leave) = AsyncStream<Void>.makeStream()
        let task = Task { [lock] in
            try await lock.withLock(key, shared: shared) {
                begin.finish()
                for await _ in end {}
            }
        }
        for await _ in begun {}
        return ({ leave.finish() }, task)
    }

    @Test func oneAtATime() async throws {
        let inside = NIOLockedValueBox((now: 0, most: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { [lock] in
                    try await lock.withLock("a") {
                        inside.withLockedValue { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        await Task.yield()
                        inside.withLockedValue { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.withLockedValue { $0 } == (0, 1))
    }

    @Test func otherKeysDoNotWait() async throws {
        let holder = await hold("a")
        try await lock.withLock("b") {}
        holder.leave()
        try await holder.task.value
    }

    @Test func sharedHoldersRunTogether() async throws {
        let first = await hold("a", shared: true)
        let second = await hold("a", shared: true)
        first.leave()
        second.leave()
        try await first.task.value
        try await second.task.value
    }

    /// One who wants the key alone waits for all who share it, and who comes later waits behind it.
    @Test func anExclusiveWaiterIsNotOvertakenBySharedOnes() async throws {
        let order = NIOLockedValueBox<[String]>([])
        let holder = await hold("a", shared: true)
        let alone = Task { [lock] in
            try await lock.withLock("a") { order.withLockedValue { $0.append("alone") } }
        }
        await until { lock.waiting(for: "a") == 1 }
        let sharing = Task { [lock] in
            try await lock.withLock("a", shared: true) { order.withLockedValue { $0.append("shared") } }
        }
        await until { lock.waiting(for: "a") == 2 }
        #expect(order.withLockedValue { $0 } == [])
        holder.leave()
        try await alone.value
        try await sharing.value
        #expect(order.withLockedValue { $0 } == ["alone", "shared"])
    }

    /// Whoever stood behind one that leaves the queue is let in, and not forgotten.
    @Test func aCancelledWaiterLetsTheNextOneIn() async throws {
        let holder = await hold("a", shared: true)
        let alone = Task { [lock] in try await lock.withLock("a") {} }
        await until { lock.waiting(for: "a") == 1 }
        let sharing = Task { [lock] in try await lock.withLock("a", shared: true) {} }
        await until { lock.waiting(for: "a") == 2 }
        alone.cancel()
        await #expect(throws: CancellationError.self) { try await alone.value }
        try await sharing.value
        holder.leave()
        try await holder.task.value
        try await lock.withLock("a") {}
    }

    @Test func aCancelledTaskDoesNotGetTheLock() async throws {
        let task = Task { [lock] in
            withUnsafeCurrentTask { $0?.cancel() }
            try await lock.withLock("a") {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        try await lock.withLock("a") {}
    }
}
