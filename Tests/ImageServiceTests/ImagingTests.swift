import ImageCodecs
import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import Testing

@Suite("Time limits, extras and metadata policies", .timeLimit(.minutes(2)))
struct ImagingTests {
    private let path: ImagePath
    private let storage = ScriptedStorage(MemoryStorage(partSize: 64 << 10))

    init() throws {
        path = try ImagePath(Array("a/photo.jpg".utf8))
    }

    private var spec: RenditionSpec { ImageService.spec(RenditionRequest(width: 10), format: .jpeg) }

    private func ownObjects() async throws -> [ObjectInfo] {
        try await storage.list(ListRequest(prefix: Array(".tintype/".utf8))).items
    }

    // MARK: Time

    @Test("Renditions, rotates and extras report that they took too long, not that the client left")
    func timeLimit() async throws {
        let service = ImageService.make(storage, timeLimit: .zero)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 1000))
        let resolved = try await service.locate(path)
        for error in [
            await #expect(throws: ServiceError.self) { _ = try await service.render(resolved, spec) },
            await #expect(throws: ServiceError.self) {
                _ = try await service.rotate(path, by: .rotated90, condition: .always)
            },
            await #expect(throws: ServiceError.self) { _ = try await service.describeWithExtras(path) },
        ] {
            guard case .tookTooLong(limit: .zero)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        // The next request has all the time it needs.
        let patient = ImageService.make(storage)
        #expect(try await patient.render(try await patient.locate(path), spec).size > 0)
    }

    // MARK: Extras

    @Test("Extras are made once for all requests, stored, and found by the next replica")
    func extrasOnce() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 200))
        let gets = storage.count(.get)
        let all = try await withThrowingTaskGroup(of: ImageExtras.self) { group in
            for _ in 0..<20 { group.addTask { try await service.describeWithExtras(path).extras } }
            return try await group.reduce(into: [ImageExtras]()) { $0.append($1) }
        }
        #expect(Set(all).count == 1)
        let extras = try #require(all.first)
        #expect(extras.dominantColor != nil && extras.thumbHash != nil && extras.blurHash != nil)
        // One look-up for a note that does not exist, and one read of the image itself.
        #expect(storage.count(.get) == gets + 2)
        let own = try await ownObjects()
        #expect(own.count == 1)
        // Neither this replica nor the next one reads the image again.
        #expect(try await service.describeWithExtras(path).extras == extras)
        #expect(storage.count(.get) == gets + 2)
        #expect(try await ImageService.make(storage).describeWithExtras(path).extras == extras)
        #expect(storage.count(.get) == gets + 3)
    }

    @Test("A note of another version, or a broken note, is ignored and replaced")
    func wrongNotes() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 200))
        let first = try await service.describeWithExtras(path).extras
        let old = try #require(try await ownObjects().first?.key)
        let note = try await storage.get(old, options: GetOptions()).body.collect(upTo: 1 << 20)
        // Another program replaces the image, and the old note stays.
        let other = try Samples.jpeg()
        _ = try await storage.put(path.key, bytes: ByteBuffer(bytes: other), options: PutOptions())
        #expect(try await ImageService.make(storage).describeWithExtras(path).extras.dominantColor == "#000000")
        let key = try #require(try await ownObjects().map(\.key).first { $0 != old })
        for bytes in [note, ByteBuffer(string: "{}"), ByteBuffer(string: "no JSON"), ByteBuffer()] {
            _ = try await storage.put(key, bytes: bytes, options: PutOptions())
            let extras = try await ImageService.make(storage).describeWithExtras(path).extras
            #expect(extras.dominantColor == "#000000")
            #expect(extras != first)
            #expect(try await storage.get(key, options: GetOptions()).body.collect(upTo: 1 << 20) != bytes)
        }
    }

    @Test("Extras work if the store cannot store them; an image that cannot be decoded has the extras of its metadata")
    func notStored() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.jpeg())
        storage.reject(.put, with: [.full])
        #expect(try await service.describeWithExtras(path).extras.dominantColor == "#000000")
        #expect(try await ownObjects().isEmpty)
        let broken = try ImagePath(Array("broken.png".utf8))
        let bytes = Array(try Samples.noise(.png, side: 100).dropLast(2000))
        _ = try await storage.put(broken.key, bytes: ByteBuffer(bytes: bytes), options: PutOptions())
        #expect(try await service.describeWithExtras(broken).extras == ImageExtras())
        #expect(try await ownObjects().count == 1)
    }

    @Test("Extras that a limit prevented are not stored, because the limit may be raised")
    func beyondLimits() async throws {
        _ = try await ImageService.make(storage).upload(path, try Samples.jpeg())
        let strict = ImageService.make(storage, codec: CodecLimits(maximumPixels: 100))
        #expect(try await strict.describeWithExtras(path).extras.dominantColor == nil)
        #expect(try await ownObjects().isEmpty)
        #expect(try await ImageService.make(storage).describeWithExtras(path).extras.dominantColor == "#000000")
        #expect(try await ownObjects().count == 1)
    }

    @Test("A delete whose response was lost removes the extras too, now or when it is repeated")
    func lostDelete() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.jpeg())
        _ = try await service.describeWithExtras(path)
        storage.loseAnswers([.delete])
        await #expect(throws: ServiceError.self) { try await service.delete(path, condition: .always) }
        await service.finishBackgroundWork(within: .seconds(10))
        #expect(try await ownObjects().isEmpty)
        // A process that died before the cleanup left these objects.
        _ = try await service.upload(path, try Samples.jpeg())
        _ = try await service.describeWithExtras(path)
        try await storage.delete(path.key, ifMatch: nil)
        #expect(try await ownObjects().count == 1)
        await #expect(throws: ServiceError.self) { try await service.delete(path, condition: .always) }
        await service.finishBackgroundWork(within: .seconds(10))
        #expect(try await ownObjects().isEmpty)
    }

    @Test("A foreign file that is longer than an upload may be is rejected before it is read")
    func foreignLength() async throws {
        let file = try Samples.noise(.png, side: 400)
        _ = try await storage.put(path.key, bytes: ByteBuffer(bytes: file), options: PutOptions())
        let service = ImageService.make(storage, maximumBytes: Int64(file.count) - 1)
        let gets = storage.count(.get)
        let error = await #expect(throws: ServiceError.self) { _ = try await service.locateForRendition(path) }
        guard case .beyondLimit? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // Only its first bytes, which show that it is an image.
        #expect(storage.count(.get) == gets + 1)
    }

    @Test("Stored extras go with their version: if it is replaced, rotated, deleted, or deleted while they are made")
    func removal() async throws {
        let service = ImageService.make(storage)
        let changes: [@Sendable () async throws -> Void] = [
            { _ = try await service.upload(path, try Samples.jpeg("another")) },
            { _ = try await service.rotate(path, by: .rotated90, condition: .always) },
            { try await service.delete(path, condition: .always) },
        ]
        for change in changes {
            _ = try await service.upload(path, try Samples.jpeg())
            _ = try await service.describeWithExtras(path)
            #expect(try await ownObjects().count == 1)
            try await change()
            await service.finishBackgroundWork(within: .seconds(10))
            #expect(try await ownObjects().isEmpty)
        }
        // The note is written after the image was deleted.
        _ = try await service.upload(path, try Samples.jpeg())
        let other = ImageService.make(storage)
        storage.before(next: .put) { _ = try? await other.delete(path, condition: .always) }
        _ = try await service.describeWithExtras(path)
        #expect(try await ownObjects().isEmpty)
    }

    // MARK: Metadata of uploads

    @Test("Under a metadata policy an upload of several parts waits for memory; one that can never have it is rejected")
    func policyMemory() async throws {
        // The budget is 64 MiB.
        let service = ImageService.make(storage, maximumBytes: 200 << 20, metadata: .dropAll)
        let file = try Samples.jpeg(padding: 1 << 20)
        // Without a declared length, the upload reserves memory for the longest allowed upload.
        let error = await #expect(throws: ServiceError.self) { _ = try await service.upload(path, file) }
        guard case .beyondLimit(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("\(64 << 20)"))
        #expect(try await storage.list(ListRequest()).items.isEmpty)
        // With a declared length, it reserves that many bytes, so four uploads run at a time. The bytes after the end
        // of the image are removed.
        let uploads = 12
        let declared: Int64 = 16 << 20
        let haveWaited = NIOLockedValueBox(false)
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for index in 0..<uploads {
                let path = try ImagePath(Array("many/\(index)".utf8))
                group.addTask {
                    var chunks = stride(from: 0, to: file.count, by: 60_000)
                        .map { ByteBuffer(bytes: file[$0..<min($0 + 60_000, file.count)]) }[...]
                    return try await service.upload(
                        to: path, condition: .always, declared: declared,
                        body: {
                            // No body ends before all uploads have started and the others wait.
                            while !haveWaited.withLockedValue(\.self), service.usage.uploadsWaiting < uploads - 4 {
                                await Task.yield()
                            }
                            haveWaited.withLockedValue { $0 = true }
                            return chunks.popFirst()
                        }
                    ).image.size
                }
            }
            for try await size in group { #expect(size < 10_000) }
        }
        #expect(storage.count(.beginUpload) == 0)
        #expect(try await storage.list(ListRequest()).items.count == uploads)
        // All memory is free again: an upload that needs all of it gets it.
        let all = try ImagePath(Array("all".utf8))
        var rest: ByteBuffer? = ByteBuffer(bytes: file)
        let uploaded = try await service.upload(
            to: all, condition: .always, declared: 64 << 20,
            body: {
                defer { rest = nil }
                return rest
            })
        #expect(uploaded.image.image?.size == PixelSize(width: 32, height: 16))
    }

    @Test("Under a metadata policy a rejected upload stores nothing, and gives its memory back")
    func policyRejections() async throws {
        let service = ImageService.make(storage, maximumBytes: 60 << 20, metadata: .dropLocation)
        let large = try Samples.noise(.png, side: 400)
        for file in [Array(large.dropLast(9)), Array("no picture, but some text that is long enough".utf8), []] {
            await #expect(throws: ServiceError.self) { _ = try await service.upload(path, file) }
        }
        #expect(try await storage.list(ListRequest()).items.isEmpty)
        #expect(try await service.upload(path, large).image.size == Int64(large.count))
        #expect(try await service.bytes(path) == large)
    }
}
