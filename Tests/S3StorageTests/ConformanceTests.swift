import NIOCore
import ObjectStorage
import S3Storage
import StorageConformance
import TestServers
import Testing

@Suite struct ConformanceTests {
    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func seaweedFS(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            try await storage.prepare()
            await StorageConformance(storage, prefix: "conformance/").run(check)
        }
    }

    /// Without a probe every condition is checked just before the write: the same promises within one process.
    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func withoutProbe(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            await StorageConformance(storage, prefix: "conformance/").run(check)
        }
    }

    @Test(.enabled(if: hasRclone), arguments: StorageConformance.Check.allCases)
    func rclone(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.rclone) { storage in
            try await storage.prepare()
            await StorageConformance(storage, prefix: "conformance/").run(check)
        }
    }
}
