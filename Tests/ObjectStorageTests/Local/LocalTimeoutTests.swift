import Foundation
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import ObjectStorage

/// A file system that does not answer: calls end at their limit, and what comes late does no harm.
@Suite(.timeLimit(.minutes(1))) struct LocalTimeoutTests {
    /// A call that cannot be broken off, as one to a dead file server is, until it is let go.
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

        func begun() async throws {
            while !hasBegun.withLockedValue({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private final class Canary: Sendable {}

    @Test func callEndsAtItsLimitAndItsLateResultIsReleased() async throws {
        let pool = BlockingPool(threads: 1, timeout: .milliseconds(100))
        let stuck = Stuck()
        let kept = NIOLockedValueBox<(@Sendable () -> Canary?)?>(nil)
        let late = try await failure {
            _ = try await pool.run(.get) { () throws(LocalFailure) -> Canary in
                stuck.wait()
                let canary = Canary()
                kept.withLockedValue { $0 = { [weak canary] in canary } }
                return canary
            }
        }
        #expect(late == .timedOut)

        // The only thread is taken: the next call never begins, and may say so.
        do throws(StorageError) {
            _ = try await pool.run(.put) { () throws(LocalFailure) in Issue.record("it has begun all the same") }
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .timedOut && !error.mayHaveHappened)
        }
        stuck.letGo()
        #expect(try await pool.run(.get) { () throws(LocalFailure) in 42 } == 42)
        let canary = try #require(kept.withLockedValue { $0 })
        while canary() != nil { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func cancelledCallIsLeft() async throws {
        let pool = BlockingPool(threads: 1, timeout: .seconds(600))
        let stuck = Stuck()
        let task = Task { try await pool.run(.put) { () throws(LocalFailure) in stuck.wait() } }
        try await stuck.begun()
        let queued = Task { try await pool.run(.put) { () throws(LocalFailure) in stuck.wait() } }
        task.cancel()
        queued.cancel()
        for (task, hasBegun) in [(task, true), (queued, false)] {
            do {
                try await task.value
                Issue.record("nothing was thrown")
            } catch let error as StorageError {
                #expect(error.code == .cancelled)
                // One that was cancelled before it came to its thread may have been left at either place.
                if hasBegun { #expect(error.mayHaveHappened) }
            }
        }
        stuck.letGo()
        #expect(try await pool.run(.get) { () throws(LocalFailure) in 42 } == 42)
    }

    /// Another process has stopped while it held the lock of a key.
    @Test func lockThatIsNeverReleased() async throws {
        let folder = try TemporaryFolder()
        let storage = try LocalStorage(root: folder.path, threads: 2, timeout: .milliseconds(200))
        try await storage.put("a", "old")
        let slot = Hexadecimal.encode([UInt8(KeyLockFiles.slot(of: try key("a")))])
        let lock = open("\(folder.path)/.tintype/locks/\(slot)", O_RDWR)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        for _ in 0..<5 {
            #expect(try await failure { try await storage.put("a", "new") } == .timedOut)
        }
        let upload = try await storage.beginUpload(key("a"), options: UploadOptions())
        try await upload.uploadPart(ByteBuffer(string: "new"), number: 1)
        #expect(try await failure { _ = try await upload.complete(mode: .overwrite) } == .timedOut)
        await upload.abort()
        try await storage.checkAvailability()
        #expect(try await storage.text(of: "a") == "old")

        close(lock)
        // What was given up comes to nothing, also when the way is free.
        while try !folder.leftovers().isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(try await storage.text(of: "a") == "old")
        try await storage.put("a", "next")
        #expect(try await storage.text(of: "a") == "next")
    }

    @Test func whatWasGivenUpNeverBecomesVisible() throws {
        let folder = try TemporaryFolder()
        let tree = try LocalTree(path: folder.path)
        for unnamed in [true, false] {
            let file = try TemporaryFile(in: tree.openOwn(LocalTree.temporaryFolder), unnamed: unnamed)
            file.giveUp()
            #expect(throws: LocalFailure.self) { try file.create(FileName("a"), in: tree.root) }
            #expect(throws: LocalFailure.self) { try file.replace(FileName("a"), in: tree.root) }
        }
        #expect(try folder.names() == [])
        #expect(try folder.leftovers() == [])
    }
}
