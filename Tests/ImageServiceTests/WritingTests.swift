import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Writing: lost responses, races, rejections")
struct WritingTests {
    private let path: ImagePath

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    @Test("A create whose response was lost has happened, and reports success")
    func lostCreate() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage)
        storage.loseAnswers([.put])
        let uploaded = try await service.upload(path, try Samples.jpeg(), .createOnly)
        #expect(uploaded.isNew)
        #expect(try await service.bytes(path) == Samples.jpeg())
    }

    @Test("A rotate whose response was lost is not done twice")
    func lostRotate() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.jpeg())
        storage.loseAnswers([.put])
        let rotated = try await service.rotate(path, by: .rotated90, condition: .always)
        #expect(rotated.image.image?.size == PixelSize(width: 16, height: 32))
        #expect(try await service.describe(path).image?.size == PixelSize(width: 16, height: 32))
    }

    @Test("Rotates through two replicas are all done")
    func replicas() async throws {
        let storage = MemoryStorage()
        let services = [ImageService.make(storage), ImageService.make(storage)]
        _ = try await services[0].upload(path, try Samples.jpeg())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<41 {
                group.addTask { _ = try await services[index % 2].rotate(path, by: .rotated90, condition: .always) }
            }
            try await group.waitForAll()
        }
        let size = try await ImageService.make(storage).describe(path).image?.size
        #expect(size == PixelSize(width: 16, height: 32))
    }

    @Test("A body that breaks off stores nothing, in one part or in several")
    func broken() async throws {
        struct Left: Error {}
        let storage = MemoryStorage()
        let service = ImageService.make(storage)
        for padding in [1000, 20_000_000] {
            let bytes = try Samples.jpeg(padding: padding)
            var rest = ByteBuffer(bytes: bytes)
            let error = await #expect(throws: ServiceError.self) {
                try await service.upload(to: path, condition: .always) {
                    guard rest.readableBytes > 500 else { throw Left() }
                    return rest.readSlice(length: min(100_000, rest.readableBytes - 400))
                }
            }
            guard case .body(let cause)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(cause is Left)
            #expect(try await storage.list(ListRequest()).items.isEmpty)
        }
        #expect(service.usage.uploadBytes == 0)
    }

    @Test("Uploads hold no more than their budget, however many there are")
    func budget() async throws {
        let service = ImageService.make(MemoryStorage())
        let bytes = try Samples.jpeg(padding: 10_000_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                let path = try ImagePath(Array("many/\(index)".utf8))
                group.addTask {
                    var rest = ByteBuffer(bytes: bytes)
                    _ = try await service.upload(to: path, condition: .always) {
                        #expect(service.usage.uploadBytes <= 64 << 20)
                        await Task.yield()
                        return rest.readableBytes == 0 ? nil : rest.readSlice(length: min(200_000, rest.readableBytes))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(service.usage.uploadBytes == 0)
        #expect(try await service.bytes(try ImagePath(Array("many/29".utf8))) == bytes)
    }

    @Test(
        "Paths",
        arguments: [
            ("", ImagePath.PathError.empty), ("a//b", .emptySegment), ("/a", .emptySegment), ("a/", .emptySegment),
            (".", .dotSegment),
            ("a/../b", .dotSegment), ("a\u{0}b", .controlCharacter), ("a\u{7F}", .controlCharacter),
            ("a\u{85}", .controlCharacter),
            ("a\\b", .backslash), (".tintype", .reserved), ("x/.tintype-y/z", .reserved),
        ])
    func paths(_ text: String, _ error: ImagePath.PathError) {
        #expect(throws: error) { try ImagePath(Array(text.utf8)) }
    }

    @Test("Bytes of paths are stored unchanged")
    func bytes() throws {
        let composed = try ImagePath(Array("caf\u{E9}".utf8))
        let decomposed = try ImagePath(Array("cafe\u{301}".utf8))
        #expect(composed != decomposed)
        #expect(throws: ImagePath.PathError.notUTF8) { try ImagePath([0x61, 0xFF]) }
        #expect(throws: ImagePath.PathError.segmentTooLong(bytes: 256)) {
            try ImagePath([UInt8](repeating: 0x61, count: 256))
        }
        // A combining accent after a slash hides the slash from String.
        #expect(try ImagePath(Array("a/\u{301}b".utf8)).key.segments.count == 2)
    }
}
