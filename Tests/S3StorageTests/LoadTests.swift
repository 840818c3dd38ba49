import Logging
import NIOCore
import TestClock
import TestServers
import Testing

@testable import ObjectStorage
@testable import S3Storage
@testable import TaskSupport

/// More requests for the store than this process sends at once.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct LoadTests {
    private func withStorage(
        readers: Int, timeout: Duration, _ body: (S3Storage) async throws -> Void
    ) async throws {
        let server = try await Servers.shared.server(.seaweedFS)
        var configuration = try server.configuration(timeout: timeout)
        configuration.readerLimit = readers
        let storage = S3Storage(
            configuration,
            credentials: StaticCredentials(accessKey: S3TestServer.accessKey, secretKey: S3TestServer.secretKey),
            logger: .init(label: "test"))
        do {
            try await body(storage)
        } catch {
            await storage.shutdown()
            throw error
        }
        await storage.shutdown()
    }

    /// Slow readers once held every connection. No write, no look-up and no readiness check succeeded, and the store
    /// counted as away.
    @Test func slowReadersDoNotBlockOtherRequests() async throws {
        try await withStorage(readers: 2, timeout: .seconds(3)) { storage in
            let key = try key(freshPrefix() + "object")
            _ = try await storage.put(key, bytes: ByteBuffer(repeating: 1, count: 7_000_000), options: PutOptions())
            let first = try await storage.get(key, options: GetOptions())
            var slow = first.body.makeAsyncIterator()
            _ = try await slow.next()
            var unread: GetResult? = try await storage.get(key, options: GetOptions())
            #expect(unread?.info.size == 7_000_000)

            let error = await expect(throwing: .overloaded) { _ = try await storage.get(key, options: GetOptions()) }
            #expect(error?.isOutage == false && error?.mayHaveHappened == false)
            try await storage.checkAvailability()
            let etag = try await storage.put(key, bytes: bytes("new"), options: PutOptions()).etag
            #expect(try await storage.head(key).etag == etag)

            unread = nil
            let whole = try await storage.get(key, options: GetOptions())
            #expect(try await whole.body.collect(upTo: 3) == bytes("new"))
            _ = first
        }
    }

    /// A store that cannot be reached is away, however many requests wait for it.
    @Test func unreachableStoreIsAway() async throws {
        // A listener whose queue is full accepts nobody: the connection neither succeeds nor fails.
        let listener = try StuckListener()
        let storage = S3Storage(
            S3Configuration(
                endpoint: S3Endpoint(isSecure: false, host: "127.0.0.1", port: listener.port), bucket: "b",
                timeout: .seconds(2)),
            credentials: StaticCredentials(accessKey: "a", secretKey: "s"), logger: .init(label: "test"))
        let key = try key("x")
        do throws(StorageError) {
            _ = try await storage.get(key, options: GetOptions())
            Issue.record("an answer came, but nobody is there")
        } catch {
            #expect(error.isOutage, "\(String(reflecting: error))")
        }
        await storage.shutdown()
    }

    /// Waiting for other writes of the same key says nothing about the store.
    @Test func aWriteThatWaitsTooLongForItsKeyIsOverloaded() async throws {
        let key = try key(freshPrefix() + "object")
        let clock = ManualClock()
        try await Servers.withStorage(.seaweedFS, clock: clock.clock) { storage in
            let waiting = try await storage.locks.withLock(key) {
                let waiting = Task {
                    try await storage.put(key, bytes: bytes("x"), options: PutOptions(mode: .createOnly))
                }
                await until { storage.locks.waiting(for: key) == 1 }
                clock.advance(by: .seconds(10))
                return waiting
            }
            let error = await expect(throwing: .overloaded) { _ = try await waiting.value }
            #expect(error?.mayHaveHappened == false)
        }
        try await Servers.withStorage(.seaweedFS) { storage in
            _ = await expect(throwing: .notFound) { _ = try await storage.head(key) }
        }
    }

    /// Plain writes may run together. They must only be separate from writes that look up the object first.
    @Test func plainWritesShareTheKey() async throws {
        try await Servers.withStorage(.seaweedFS, timeout: .seconds(5)) { storage in
            let key = try key(freshPrefix() + "object")
            try await storage.locks.withLock(key, shared: true) {
                _ = try await storage.put(key, bytes: bytes("x"), options: PutOptions())
            }
            #expect(try await storage.head(key).size == 1)
        }
    }
}
