import Foundation
import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

/// Other programs write into the store too. `cp` over a file keeps the extended attribute. rclone and `aws s3 cp` write
/// objects back with all metadata that they have read. The server used the old record for such objects: it served a web
/// page as `image/jpeg`, a PNG with a JPEG's size, and a rotated JPEG upright. Now the bytes decide.
@Suite("A record counts only for the bytes that it was written with")
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

    /// As `cp` does: the file and its attributes stay.
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

    @Test("The record of a file that is overwritten in place is not used", arguments: [false, true])
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
                // With each of the two possible first requests.
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

    @Test("A file that was not overwritten is not read, uploaded in one part or in several")
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

    @Test("A rotate of an overwritten file rotates the present bytes")
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

    /// Some writes cannot bind a record: an upload in parts over S3, an object with KMS encryption, and every object of
    /// an earlier version.
    @Test("A record that is not bound is not trusted, and the server still reads the file only once")
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
        // The bytes are read once for this version.
        #expect(storage.count(.get) == 1)
        // A tool writes the object back, with the metadata that it has read.
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

    @Test("The write ids resolve lost responses even if records are not bound")
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

    @Test("A rotate keeps the metadata of other programs, and shortens its own record if needed")
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

@Suite("Uploads if the store does not allow look-ups")
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

    /// The store answers 403 to HEAD, or 403 to HEAD and to listings, or responses that make no sense. All these
    /// uploads were 201, and the derived objects of the previous version stayed.
    @Test(
        "An upload reports correctly whether it has replaced something", arguments: [false, true],
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
