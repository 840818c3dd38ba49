import NIOCore
import ObjectStorage
import S3Storage
import StorageConformance
import TestServers
import Testing

/// The promises of ``ObjectStorage/ObjectStorage`` on real servers.
@Suite(.serialized) struct ConformanceTests {
    /// One probed storage for all checks: the probe has tests of its own.
    private static let probed = Task {
        let storage = try await Servers.shared.server(.seaweedFS).storage()
        try await storage.probe()
        return storage
    }

    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func seaweedFS(_ check: StorageConformance.Check) async throws {
        let storage = try await Self.probed.value
        await StorageConformance(storage, prefix: freshPrefix()).run(check)
    }

    /// Without a probe every condition is checked just before the write: the same promises within one process.
    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func seaweedFSWithoutProbe(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            await StorageConformance(storage, prefix: freshPrefix()).run(check)
        }
    }

    @Test(.enabled(if: hasRclone), arguments: StorageConformance.Check.allCases)
    func rclone(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.rclone) { storage in
            await StorageConformance(storage, prefix: freshPrefix()).run(check)
        }
    }
}
