import Foundation
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import TestClock
import Testing
import TextCoding

@testable import ObjectStorage

/// A file system that does not answer: calls end at their limit, and late results do no harm.
@Suite(.timeLimit(.minutes(1))) struct LocalTimeoutTests {
    /// A call that cannot be interrupted until the test releases it, like a call to a dead file server.
    private final class Stuck: Sendable {
        private let gate = DispatchSemaphore(value: 0)
        let hasBegun = NIOLockedValueBox(false)

        func wait() {
            hasBegun.withLockedValue { $0 = true }
            gate.wait()
        }

        func letGo() {
            gate.signal()
        }

        func begun() async {
            await until { hasBegun.withLockedValue { $0 } }
        }
    }

    private final class Canary: Sendable {}

    /// Threads that wait for each other and continue when all have come.
    private final class Barrier: Sendable {
        private let missing: NIOLockedValueBox<Int>
        private let gate = DispatchSemaphore(value: 0)

        init(_ count: Int) { missing = NIOLockedValueBox(count) }

        func wait() {
            let isLast = missing.withLockedValue { missing in
                missing -= 1
                return missing == 0
            }
            if !isLast { gate.wait() }
            gate.signal()
        }
    }

    /// Runs `body` while the clock advances.
    private func passing<Result: Sendable>(
        _ clock: ManualClock, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let result = NIOLockedValueBox<Result?>(nil)
        let task = Task {
            let value = try await body()
            result.withLockedValue { $0 = value }
            return value
        }
        await until {
            // In small steps, because a call measures its time from its own start.
            clock.advance(by: .milliseconds(1))
            return result.withLockedValue { $0 != nil }
        }
        return try await task.value
    }

    @Test func callEndsAtItsLimitAndItsLateResultIsReleased() async throws {
        let clock = ManualClock()
        let pool = BlockingPool(threads: 1, timeout: .seconds(10), clock: clock.clock)
        let stuck = Stuck()
        let stored = NIOLockedValueBox<(@Sendable () -> Canary?)?>(nil)
        let late = Task {
            try await errorCode {
                _ = try await pool.run(.get) { () throws(LocalStorageError) -> Canary in
                    stuck.wait()
                    let canary = Canary()
                    stored.withLockedValue { $0 = { [weak canary] in canary } }
                    return canary
                }
            }
        }
        await stuck.begun()
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10))
        #expect(try await late.value == .timedOut)

        // The only thread is busy. The next call never starts, and its error may say so.
        let queued = Task {
            do throws(StorageError) {
                _ = try await pool.run(.put) { () throws(LocalStorageError) in Issue.record("it started nevertheless")
                }
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.code == .timedOut && !error.mayHaveHappened)
            }
        }
        await until { clock.sleeping == 1 }
        clock.advance(by: .seconds(10))
        await queued.value
        stuck.letGo()
        #expect(try await pool.run(.get) { () throws(LocalStorageError) in 42 } == 42)
        let canary = try #require(stored.withLockedValue { $0 })
        await until { canary() == nil }
    }

    /// 1,000 clients listed a large folder, and every read waited for a thread after them.
    @Test func blockedListingsDoNotBlockReads() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let storage = try LocalStorage(root: folder.path, threads: 8, timeout: .seconds(10), clock: clock.clock)
        try await storage.put("a", "1")
        let stuck = Stuck()
        let lists = (0..<100).map { _ in
            Task { try await storage.listingPool.run(.list) { () throws(LocalStorageError) in stuck.wait() } }
        }
        await stuck.begun()
        #expect(try await storage.text(of: "a") == "1")
        // A listing that gets no thread fails as overloaded. The disk does not count as away.
        let late = try await passing(clock) { try await errorCode { _ = try await storage.list(ListRequest()) } }
        #expect(late == .overloaded)
        for _ in lists { stuck.letGo() }
        for task in lists { _ = try? await task.value }
    }

    @Test func aCancelledCallReturnsAtOnce() async throws {
        let pool = BlockingPool(threads: 1, timeout: .seconds(600))
        let stuck = Stuck()
        let task = Task { try await pool.run(.put) { () throws(LocalStorageError) in stuck.wait() } }
        await stuck.begun()
        let queued = Task { try await pool.run(.put) { () throws(LocalStorageError) in stuck.wait() } }
        task.cancel()
        queued.cancel()
        for (task, hasBegun) in [(task, true), (queued, false)] {
            do {
                try await task.value
                Issue.record("nothing was thrown")
            } catch let error as StorageError {
                #expect(error.code == .cancelled)
                // A call that was cancelled before it got its thread may have stopped before or after its start.
                if hasBegun { #expect(error.mayHaveHappened) }
            }
        }
        stuck.letGo()
        #expect(try await pool.run(.get) { () throws(LocalStorageError) in 42 } == 42)
    }

    /// Another process stopped while it held the lock of a key.
    @Test func writesThatWaitForALockTimeOutAndHaveNoEffect() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let storage = try LocalStorage(root: folder.path, threads: 2, timeout: .seconds(10), clock: clock.clock)
        try await storage.put("a", "old")
        let slot = Hexadecimal.encode([UInt8(KeyLockFiles.slot(of: try key("a")))])
        let lock = open("\(folder.path)/.tintype/locks/\(slot)", O_RDWR)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        for _ in 0..<5 {
            #expect(try await passing(clock) { try await errorCode { try await storage.put("a", "new") } } == .timedOut)
        }
        let upload = try await storage.beginUpload(key("a"), options: UploadOptions())
        try await upload.uploadPart(ByteBuffer(string: "new"), number: 1)
        let late = try await passing(clock) { try await errorCode { _ = try await upload.complete(mode: .overwrite) } }
        #expect(late == .timedOut)
        await upload.abort()
        try await storage.checkAvailability()
        #expect(try await storage.text(of: "a") == "old")

        close(lock)
        // An abandoned write has no effect, even when the lock is released.
        try await until { try folder.leftovers().isEmpty }
        // Both threads are available again, so every late effect has happened.
        let both = Barrier(2)
        async let one: Void = storage.pool.run(.get) { () throws(LocalStorageError) in both.wait() }
        async let two: Void = storage.pool.run(.get) { () throws(LocalStorageError) in both.wait() }
        _ = try await (one, two)
        #expect(try await storage.text(of: "a") == "old")
        try await storage.put("a", "next")
        #expect(try await storage.text(of: "a") == "next")
    }

    @Test func anAbandonedWriteNeverBecomesVisible() throws {
        let folder = try TemporaryFolder()
        let tree = try LocalTree(path: folder.path)
        for unnamed in [true, false] {
            let file = try TemporaryFile(in: tree.openOwn(LocalTree.temporaryFolder), unnamed: unnamed)
            file.giveUp()
            #expect(throws: LocalStorageError.self) { try file.create(FileName("a"), in: tree.root) }
            #expect(throws: LocalStorageError.self) { try file.replace(FileName("a"), in: tree.root) }
        }
        #expect(try folder.names() == [])
        #expect(try folder.leftovers() == [])
    }
}
