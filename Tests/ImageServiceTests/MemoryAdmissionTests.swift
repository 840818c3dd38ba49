import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Whole files in memory", .timeLimit(.minutes(2)))
struct MemoryAdmissionTests {
    private let path: ImagePath

    init() throws {
        path = try ImagePath(Array("a.jpg".utf8))
    }

    private func spec(width: Int) -> RenditionSpec {
        ImageService.spec(RenditionRequest(width: width), format: .jpeg)
    }

    @Test("Renditions and rotates read no more files at once than memory allows")
    func bounded() async throws {
        let storage = ScriptedStorage()
        // The budget for files is 10 MiB: one file of 6 MB at a time.
        let service = ImageService.make(storage, renderMemoryBytes: 40 << 20)
        _ = try await service.upload(path, try Samples.jpeg(padding: 6_000_000))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for width in 1...20 {
                group.addTask {
                    while true {
                        do {
                            return try await service.render(try await service.locate(path), spec(width: width)).size
                        } catch ServiceError.preconditionFailed {
                            // The rotate came first. Resolve the new version.
                        }
                    }
                }
            }
            group.addTask {
                try await service.rotate(path, by: .rotated180, condition: .always).image.image?.size.width ?? 0
            }
            for try await size in group { #expect(size > 0) }
        }
        #expect(storage.mostOpenBodies == 1)
    }

    @Test("A file that can never fit is rejected with the limit, and not read")
    func beyond() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage, renderMemoryBytes: 40 << 20)
        _ = try await service.upload(path, try Samples.jpeg(padding: 11_000_000))
        try await expectRejection(service, limit: 10 << 20)
        #expect(storage.mostOpenBodies == 0)
    }

    @Test("If a rendition needs too much memory, the error names the rendition, not its original")
    func largeRendition() async throws {
        let service = ImageService.make(ScriptedStorage(), renderMemoryBytes: 40 << 20)
        _ = try await service.upload(path, try Samples.jpeg(padding: 10))
        let request = RenditionRequest(width: 3000, height: 4000, fit: .fill)
        let resolved = try await service.locate(path)
        let error = await #expect(throws: ServiceError.self) {
            try await service.render(resolved, ImageService.spec(request, format: .png))
        }
        guard case .beyondLimit(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("3000x4000") && text.contains("\(40 << 20)"))
    }

    @Test("An object over 4 GiB is rejected, however much memory there is")
    func huge() async throws {
        let storage = HugeObject(size: 5 << 30)
        let service = ImageService.make(storage, maximumBytes: 1 << 40, renderMemoryBytes: 1 << 40)
        try await expectRejection(service, limit: Int(UInt32.max))
    }

    private func expectRejection(_ service: ImageService, limit: Int) async throws {
        let resolved = try await service.locate(path)
        for error in [
            await #expect(throws: ServiceError.self) { try await service.render(resolved, spec(width: 10)) },
            await #expect(throws: ServiceError.self) {
                try await service.rotate(path, by: .rotated90, condition: .always)
            },
        ] {
            guard case .beyondLimit(let text)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(text.contains("\(limit)"))
        }
    }
}

/// A store in which every object is one JPEG. It is too large for a test, and must not be read.
private struct HugeObject: ObjectStorage {
    var size: Int64
    let capabilities = StorageCapabilities()

    private struct MustNotBeRead: Error {}

    private func info(_ key: ObjectKey) -> ObjectInfo {
        ObjectInfo(
            key: key, size: size, etag: ETag(opaque: "huge"), lastModified: nil,
            metadata: ["tintype-image": "jpeg 32x16 o1 a0 f1"], hasBoundMetadata: true)
    }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        GetResult(info: info(key), range: 0..<size, body: ObjectBody { { throw MustNotBeRead() } })
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo { info(key) }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        throw StorageError(.unsupported, during: .put)
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        throw StorageError(.unsupported, during: .beginUpload)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        throw StorageError(.unsupported, during: .delete)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage { ListPage() }

    func checkAvailability() async throws(StorageError) {}
}
