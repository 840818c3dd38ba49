import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Garbage among the derived objects", .timeLimit(.minutes(2)))
struct DerivedGarbageTests {
    private let path: ImagePath
    private let base = MemoryStorage()
    private let storage: ScriptedStorage

    init() throws {
        storage = ScriptedStorage(base)
        path = try ImagePath(Array("a/photo.jpg".utf8))
    }

    private func collect(age: Duration = .zero, isRemoving: Bool = true) async throws -> DerivedGarbage.Report {
        var report = DerivedGarbage.Report()
        try await DerivedGarbage(storage: storage, minimumAge: age, isRemoving: isRemoving).collect(into: &report)
        return report
    }

    private func derived() async throws -> [ObjectKey] {
        try await base.list(ListRequest(prefix: Array(".tintype/derived/".utf8))).items.map(\.key)
    }

    /// Uploads an image and stores one rendition of it.
    private func keepRendition() async throws -> ObjectKey {
        let service = ImageService.make(storage, keeping: RenditionStoreOptions(maximumPerImage: 100))
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        let spec = ImageService.spec(RenditionRequest(width: 50), format: .jpeg)
        _ = try await service.render(try await service.locate(path), spec)
        await service.finishBackgroundWork(within: .seconds(10))
        return try #require(try await derived().first)
    }

    /// Puts another object next to this one, with the same metadata.
    private func put(_ name: String, beside key: ObjectKey) async throws -> ObjectKey {
        let folder = key.text.split(separator: "/").dropLast().joined(separator: "/")
        let other = try #require(ObjectKey("\(folder)/\(name)"))
        let metadata = try await base.head(key).metadata
        _ = try await base.put(other, bytes: ByteBuffer(string: "12345"), options: PutOptions(metadata: metadata))
        return other
    }

    @Test("Objects of the present version stay")
    func present() async throws {
        let key = try await keepRendition()
        let report = try await collect()
        #expect(report.objects == 1)
        #expect(report.garbage == 0)
        #expect(try await derived() == [key])
    }

    @Test("Objects of a version that has gone are counted, and removed unless the run only counts")
    func replaced() async throws {
        for change in [
            { _ = try await base.put(path.key, bytes: ByteBuffer(string: "other"), options: PutOptions()) },
            { try await base.delete(path.key, ifMatch: nil) },
        ] {
            let key = try await keepRendition()
            // Another program did this, or a process that stopped before its cleanup.
            try await change()
            let size = try await base.head(key).size
            let counted = try await collect(isRemoving: false)
            #expect(counted.garbage == 1)
            #expect(counted.garbageBytes == size)
            #expect(try await derived() == [key])
            #expect(try await collect() == counted)
            #expect(try await derived().isEmpty)
        }
    }

    @Test("Leases, and objects of other renderers, are garbage next to the present version's objects")
    func othersOfThePresentVersion() async throws {
        let key = try await keepRendition()
        for name in ["lease-0123", "rendition-0-0123", "aaa-0123"] { _ = try await put(name, beside: key) }
        let report = try await collect()
        #expect(report.objects == 4)
        #expect(report.garbage == 2)
        #expect(report.garbageBytes == 10)
        let rest = try await derived()
        #expect(rest.count == 2 && rest.contains(key))
    }

    @Test("Young objects stay")
    func young() async throws {
        _ = try await keepRendition()
        try await base.delete(path.key, ifMatch: nil)
        #expect(try await collect(age: .seconds(3600)).garbage == 0)
        #expect(try await derived().count == 1)
    }

    @Test("Objects whose original is unknown, or recorded wrongly, stay")
    func unknown() async throws {
        let hash = String(repeating: "0f", count: 32)
        for name in ["odd", "0f/\(hash)/v/untold", "0f/\(hash)/v/told"] {
            let key = try #require(ObjectKey(".tintype/derived/\(name)"))
            let metadata: ObjectMetadata = name.hasSuffix("/told") ? ["tintype-path": "YS9waG90by5qcGc"] : [:]
            _ = try await base.put(key, bytes: ByteBuffer(string: "1"), options: PutOptions(metadata: metadata))
        }
        let report = try await collect()
        #expect(report.objects == 3)
        #expect(report.unknown == 3)
        #expect(report.garbage == 0)
        #expect(try await derived().count == 3)
    }

    /// The first request is for the derived object, the second for the original.
    @Test("If the store is away, no original counts as gone", arguments: [1, 2])
    func outage(_ question: Int) async throws {
        let key = try await keepRendition()
        for codes in [[StorageError.Code.unavailable], [.timedOut]] {
            reject(question, codes)
            await #expect(throws: StorageError.self) { try await collect() }
        }
        #expect(try await derived() == [key])
    }

    @Test("An object that may not be read stays, and does not stop the run", arguments: [1, 2])
    func denied(_ question: Int) async throws {
        let key = try await keepRendition()
        reject(question, [.denied])
        let report = try await collect()
        #expect(report.unknown == 1)
        #expect(report.garbage == 0)
        #expect(try await derived() == [key])
    }

    private func reject(_ question: Int, _ codes: [StorageError.Code]) {
        guard question > 1 else { return storage.reject(.head, with: codes) }
        storage.before(next: .head) { [storage] in
            storage.before(next: .head) { storage.reject(.head, with: codes) }
        }
    }
}
