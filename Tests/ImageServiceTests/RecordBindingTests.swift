import Foundation
import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

/// Other programs write into the store beside the server: `cp` over a file leaves the extended attribute, rclone and
/// `aws s3 cp` write objects back with all metadata that they have read. What stood there was served by its old record:
/// a web page as `image/jpeg`, a PNG with a JPEG's size, a turned JPEG upright. The bytes decide.
@Suite("A record is believed only for the bytes that it was written with")
struct RecordBindingTests {
    private let path: ImagePath
    private let folder: URL

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tintype-test-\(UUID().uuidString)")
    }

    private func withFolder(_ body: (LocalStorage) async throws -> Void) async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(try LocalStorage(root: folder.path, partSize: 64 << 10))
    }

    /// As `cp` does: the file stays, and what stands beside it.
    private func overwrite(_ bytes: [UInt8]) throws {
        let file = try FileHandle(forUpdating: folder.appendingPathComponent("a/b.jpg"))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    private func rotatedByTag(_ jpeg: [UInt8]) throws -> [UInt8] {
        let tiff: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
        let exif = Array("Exif\0\0".utf8) + tiff
        return Array(jpeg[..<2]) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + Array(jpeg[2...])
    }

    private enum Fresh: CaseIterable { case page, empty, png, rotatedByTag, sameLength }

    @Test("A file that is overwritten in place", arguments: [false, true])
    func overwritten(inParts: Bool) async throws {
        try await withFolder { storage in
            for kind in Fresh.allCases {
                let file = try Samples.jpeg(padding: inParts ? 200_000 : 0)
                _ = try await ImageService.make(storage).upload(path, file)
                switch kind {
                case .page: try overwrite(Array("<html><title>Moved</title></html>".utf8))
                case .empty: try overwrite([])
                case .png: try overwrite(try Samples.noise(.png, side: 80))
                case .rotatedByTag: try overwrite(try rotatedByTag(file))
                case .sameLength: try overwrite(Array("<html>".utf8) + [UInt8](repeating: 32, count: file.count - 6))
                }
                // By each way of asking first.
                for isOpened in [true, false] {
                    let service = ImageService.make(storage)
                    func described() async throws -> StoredImage {
                        if isOpened { _ = try await service.open(path) }
                        return try await service.describe(path)
                    }
                    switch kind {
                    case .page, .empty, .sameLength:
                        let error = await #expect(throws: ServiceError.self) { _ = try await described() }
                        guard case .notFound? = error else {
                            Issue.record("\(kind): \(String(describing: error))")
                            continue
                        }
                    case .png:
                        let image = try await described()
                        #expect(image.format == .png)
                        #expect(image.image?.size == PixelSize(width: 80, height: 40) && image.image?.frames == 1)
                    case .rotatedByTag:
                        let image = try await described()
                        #expect(image.image?.orientation == .rotated90)
                        #expect(image.image?.displaySize == PixelSize(width: 16, height: 32))
                    }
                }
            }
        }
    }

    @Test("What was not overwritten needs no look at its bytes, uploaded in one part or in several")
    func untouched() async throws {
        try await withFolder { storage in
            let watched = ScriptedStorage(storage)
            for padding in [0, 200_000] {
                _ = try await ImageService.make(storage).upload(path, try Samples.jpeg(padding: padding))
                let service = ImageService.make(watched)
                #expect(try await service.describe(path).image?.size == PixelSize(width: 32, height: 16))
            }
            #expect(watched.count(.get) == 0)
        }
    }

    @Test("A rotate of an overwritten file turns what is there")
    func rotated() async throws {
        try await withFolder { storage in
            let service = ImageService.make(storage)
            _ = try await service.upload(path, try Samples.jpeg())
            try overwrite(try Samples.noise(.png, side: 80))
            let rotated = try await service.rotate(path, by: .rotated90, condition: .always)
            #expect(rotated.image.format == .png)
            let image = try await ImageService.make(storage).describe(path)
            #expect(image.format == .png && image.image?.displaySize == PixelSize(width: 40, height: 80))
        }
    }

    /// As a store where nothing can be bound: an upload in parts over S3, encryption by KMS, and every object that an
    /// earlier version has written.
    @Test("Records that are not bound are no reason to read twice, nor to be believed")
    func unbound() async throws {
        let base = MemoryStorage()
        let storage = ScriptedStorage(base)
        storage.unbindMetadata()
        let file = try Samples.jpeg()
        _ = try await ImageService.make(storage).upload(path, file)
        let service = ImageService.make(storage, revalidateAfter: .zero)
        for _ in 0..<3 {
            #expect(try await service.describe(path).image?.size == PixelSize(width: 32, height: 16))
        }
        // One look at the bytes for the version.
        #expect(storage.count(.get) == 1)
        // Written back by a tool, with the metadata that it has read.
        let metadata = try await base.head(path.key).metadata
        #expect(!metadata.isEmpty)
        let page = ByteBuffer(string: "<html></html>")
        _ = try await base.put(
            path.key, bytes: page, options: PutOptions(contentType: "image/jpeg", metadata: metadata))
        let error = await #expect(throws: ServiceError.self) { _ = try await service.describe(path) }
        guard case .notFound? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("Lost answers are settled by the ids of the writes also where records are not bound")
    func lostAnswers() async throws {
        let storage = ScriptedStorage()
        storage.unbindMetadata()
        let service = ImageService.make(storage)
        storage.loseAnswers([.put])
        let uploaded = try await service.upload(path, try Samples.jpeg(), .createOnly)
        #expect(uploaded.isNew && uploaded.image.image?.size == PixelSize(width: 32, height: 16))
        storage.loseAnswers([.put])
        let rotated = try await service.rotate(path, by: .rotated90, condition: .always)
        #expect(rotated.image.image?.size == PixelSize(width: 16, height: 32))
        #expect(try await service.describe(path).image?.size == PixelSize(width: 16, height: 32))
    }

    @Test("A rotate keeps the metadata that others have put, and makes room for them")
    func foreignMetadata() async throws {
        let storage = MemoryStorage()
        for length in [10, 1_200, 1_700, 1_950] {
            let foreign = ["album": String(repeating: "x", count: length)]
            _ = try await storage.put(
                path.key, bytes: ByteBuffer(bytes: try Samples.jpeg()), options: PutOptions(metadata: foreign))
            let service = ImageService.make(storage)
            for _ in 0..<41 { _ = try await service.rotate(path, by: .rotated90, condition: .always) }
            let metadata = try await storage.head(path.key).metadata
            #expect(metadata["album"] == foreign["album"])
            #expect(metadata["tintype-writes"] != nil)
            if length < 1_900 { #expect(metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } <= 2_048) }
        }
    }
}

@Suite("Uploads where the store does not let us look")
struct BlindUploadTests {
    private let path: ImagePath
    private let base = MemoryStorage()
    private let storage: ScriptedStorage

    init() throws {
        storage = ScriptedStorage(base)
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    private func derived() async throws -> Int {
        try await base.list(ListRequest(prefix: Array(".tintype/derived/".utf8))).items.count
    }

    /// 403 on HEAD alone, on HEAD and on listings, and answers that make no sense. All were 201, and what was made of
    /// the version before stayed.
    @Test(
        "Say truly whether they have replaced something", arguments: [false, true],
        [
            StorageError.Code.denied, .badAnswer,
        ])
    func replaced(isListDenied: Bool, code: StorageError.Code) async throws {
        let service = ImageService.make(storage, keeping: RenditionStoreOptions(maximumPerImage: 10, lease: .zero))
        func blind() {
            storage.reject(.head, with: [code])
            if isListDenied { storage.reject(.list, with: [code]) }
        }
        blind()
        #expect(try await service.upload(path, try Samples.jpeg("one")).isNew)
        storage.reject(.list, with: [])
        let spec = ImageService.spec(RenditionRequest(width: 16), format: .jpeg)
        _ = try await service.render(try await service.locate(path), spec)
        while try await derived() == 0 { await Task.yield() }
        blind()
        #expect(try await service.upload(path, try Samples.jpeg("two")).isNew == false)
        while try await derived() > 0 { await Task.yield() }
        #expect(try await service.bytes(path) == Samples.jpeg("two"))
    }
}
