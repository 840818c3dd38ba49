import Logging
import Metrics
import MetricsTestKit
import NIOCore
import Synchronization
import Testing

@testable import ObjectStorage

@Suite struct MeteredStorageTests {
    let metrics = TestMetrics()

    private func storage(_ base: any ObjectStorage) -> MeteredStorage {
        MeteredStorage(base, logger: Logger(label: "test"), factory: metrics)
    }

    private func count(_ operation: String, _ outcome: String) throws -> Int64 {
        try metrics.expectCounter(
            "tintype_storage_requests_total", [("operation", operation), ("outcome", outcome)]
        ).totalValue
    }

    @Test func callsAreCountedByOperationAndOutcome() async throws {
        let storage = storage(MemoryStorage())
        try await storage.put("a", "12345")
        _ = try await errorCode { try await storage.put("a", "2", mode: .createOnly) }
        _ = try await errorCode { _ = try await storage.head(key("b")) }
        #expect(try await storage.text(of: "a") == "12345")
        #expect(try count("put", "ok") == 1)
        #expect(try count("put", "preconditionFailed") == 1)
        #expect(try count("head", "notFound") == 1)
        #expect(try count("get", "ok") == 1)
        #expect(try count("read", "ok") == 1)
        let bytes = { try metrics.expectCounter("tintype_storage_bytes_total", [("direction", $0)]).totalValue }
        #expect(try bytes("read") == 5)
        #expect(try bytes("written") == 5)
    }

    @Test func eachCallIsTimed() async throws {
        let ticks = SteppingClock()
        let storage = MeteredStorage(
            MemoryStorage(), logger: Logger(label: "test"), factory: metrics, uptime: { ticks.next() }
        )
        try await storage.put("a", "x")
        let timer = try metrics.expectTimer("tintype_storage_request_duration_seconds", [("operation", "put")])
        #expect(timer.values == [1_000_000])
    }

    @Test func aBodyThatBreaksOffIsCounted() async throws {
        let folder = try TemporaryFolder()
        let storage = storage(try LocalStorage(root: folder.path))
        try await storage.put("a", String(repeating: "x", count: 1 << 20))
        let result = try await storage.get(key("a"), options: GetOptions())
        try folder.write("cut", to: "a")
        _ = await #expect(throws: StorageError.self) { try await result.body.collect(upTo: 2 << 20) }
        #expect(try count("get", "ok") == 1)
        #expect(try count("read", "badAnswer") == 1)
    }
}

/// A clock that advances by a millisecond on each read.
private final class SteppingClock: Sendable {
    private let ticks = Atomic<UInt64>(0)

    func next() -> UInt64 {
        ticks.add(1_000_000, ordering: .relaxed).newValue
    }
}
