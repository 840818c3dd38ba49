import NIOCore
import ObjectStorage
import S3Storage
import StorageConformance
import TestServers
import Testing

/// The promises of ``ObjectStorage/ObjectStorage`` on real servers.
@Suite(.serialized) struct ConformanceTests {
    /// One probed storage for all checks, because the probe has its own tests.
    private static let probed = Task {
        let storage = try await Servers.shared.server(.seaweedFS).storage()
        try await storage.probe()
        return storage
    }

    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func seaweedFS(_ check: StorageConformance.Check) async throws {
        let storage = try await Self.probed.value
        await conformance(storage, [.backslashIsSlash, .emptyFoldersLinger]).run(check)
    }

    /// Without a probe, the storage checks every condition just before the write. The promises hold within one process.
    @Test(.enabled(if: hasSeaweedFS), arguments: StorageConformance.Check.allCases)
    func seaweedFSWithoutProbe(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            await conformance(storage, [.backslashIsSlash, .emptyFoldersLinger]).run(check)
        }
    }

    /// rclone serves files of a folder, so some features of S3 are missing. Unicode normal forms are one name, metadata
    /// are limited to a few hundred bytes, deleting the name of a folder is an error, and a file is overwritten while
    /// it is read.
    @Test(
        .enabled(if: hasRclone),
        arguments: StorageConformance.Check.allCases.filter {
            ![.normalForms, .metadata, .delete, .readersSeeWholeVersions].contains($0)
        })
    func rclone(_ check: StorageConformance.Check) async throws {
        try await Servers.withStorage(.rclone) { storage in
            await conformance(storage, [.emptyFoldersLinger]).run(check)
        }
    }

    private func conformance(
        _ storage: S3Storage, _ peculiarities: StorageConformance.Peculiarities
    ) -> StorageConformance {
        StorageConformance(storage, prefix: freshPrefix(), peculiarities: peculiarities)
    }
}
