import Logging
import NIOCore
import StorageConformance
import Testing

@testable import ObjectStorage

/// Every promise, on every store of this module, and on every kind of file system that the local store may meet.
@Suite struct ConformanceTests {
    typealias Check = StorageConformance.Check

    @Test(arguments: Check.allCases)
    func memory(_ check: Check) async {
        await StorageConformance(MemoryStorage(partSize: 64 << 10), prefix: "").run(check)
    }

    @Test(arguments: Check.allCases)
    func metered(_ check: Check) async {
        let storage = MeteredStorage(MemoryStorage(partSize: 64 << 10), logger: Logger(label: "test"))
        await StorageConformance(storage, prefix: "metered/").run(check)
    }

    @Test(arguments: Check.allCases)
    func local(_ check: Check) async throws {
        let folder = try TemporaryFolder()
        let storage = try LocalStorage(root: folder.path, partSize: 64 << 10)
        await StorageConformance(storage, prefix: "").run(check)
        #expect(try folder.leftovers().isEmpty, "check \(check)")
    }

    @Test(arguments: Check.allCases)
    func localByTwoHandles(_ check: Check) async throws {
        let folder = try TemporaryFolder()
        let first = try LocalStorage(root: folder.path, partSize: 64 << 10)
        let second = try LocalStorage(root: folder.path + "/.", partSize: 64 << 10)
        await StorageConformance(first, other: second, prefix: "photos/2026/").run(check)
    }

    /// A file system without unnamed files, such as NFS.
    @Test(arguments: Check.allCases)
    func localWithNamedFiles(_ check: Check) async throws {
        let folder = try TemporaryFolder()
        let features = LocalStorage.Features(unnamedFiles: false, attributes: true)
        let first = try LocalStorage(root: folder.path, partSize: 64 << 10, features: features)
        let second = try LocalStorage(root: folder.path, partSize: 64 << 10)
        await StorageConformance(first, other: second, prefix: "").run(check)
        #expect(try folder.leftovers().isEmpty, "check \(check)")
    }

    /// A file system without extended attributes: everything but metadata works.
    @Test(arguments: Check.allCases)
    func localWithoutAttributes(_ check: Check) async throws {
        let needsAttributes: Set<Check> = [.metadata, .metadataGoesWithItsVersion, .uploadMetadata]
        if needsAttributes.contains(check) { return }
        let folder = try TemporaryFolder()
        let features = LocalStorage.Features(unnamedFiles: true, attributes: false)
        let storage = try LocalStorage(root: folder.path, partSize: 64 << 10, features: features)
        await StorageConformance(storage, prefix: "").run(check)
    }
}
