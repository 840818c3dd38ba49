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

    @Test("Renditions, rotates and extras that take too long say so, and nobody has left")
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
        // The next one has all the time it needs.
        let patient = ImageService.make(storage)
        #expect(try await patient.render(try await patient.locate(path), spec).size > 0)
    }

    // MARK: Extras

    @Test("Extras are made once for all who ask, kept in the store, and found there by the next replica")
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
        // One look for a note that is not there, and the picture itself.
        #expect(storage.count(.get) == gets + 2)
        let own = try await ownObjects()
        #expect(own.count == 1)
        // Neither this replica nor the next one reads the picture again.
        #expect(try await service.describeWithExtras(path).extras == extras)
        #expect(storage.count(.get) == gets + 2)
        #expect(try await ImageService.make(storage).describeWithExtras(path).extras == extras)
        #expect(storage.count(.get) == gets + 3)
    }

    @Test("A note of another version, or one that is broken, is not believed, and makes room for a sound one")
    func wrongNotes() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 200))
        let first = try await service.describeWithExtras(path).extras
        let old = try #require(try await ownObjects().first?.key)
        let note = try await storage.get(old, options: GetOptions()).body.collect(upTo: 1 << 20)
        // The picture is replaced behind the server's back, and the note stays.
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

    @Test("A store that cannot keep them does not stop them; what cannot be decoded has those of its metadata")
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

    @Test("What a limit has kept from being found out is not kept: the limit may be raised")
    func beyondLimits() async throws {
        _ = try await ImageService.make(storage).upload(path, try Samples.jpeg())
        let strict = ImageService.make(storage, codec: CodecLimits(maximumPixels: 100))
        #expect(try await strict.describeWithExtras(path).extras.dominantColor == nil)
        #expect(try await ownObjects().isEmpty)
        #expect(try await ImageService.make(storage).describeWithExtras(path).extras.dominantColor == "#000000")
        #expect(try await ownObjects().count == 1)
    }

    @Test("A delete whose answer was lost takes the extras with it, now or when it is repeated")
    func lostDelete() async throws {
        let service = ImageService.make(storage)
        _ = try await service.upload(path, try Samples.jpeg())
        _ = try await service.describeWithExtras(path)
        storage.loseAnswers([.delete])
        await #expect(throws: ServiceError.self) { try await service.delete(path, condition: .always) }
        await service.finishBackgroundWork(within: .seconds(10))
        #expect(try await ownObjects().isEmpty)
        // Left by a process that died in between.
        _ = try await service.upload(path, try Samples.jpeg())
        _ = try await service.describeWithExtras(path)
        try await storage.delete(path.key, ifMatch: nil)
        #expect(try await ownObjects().count == 1)
        await #expect(throws: ServiceError.self) { try await service.delete(path, condition: .always) }
        await service.finishBackgroundWork(within: .seconds(10))
        #expect(try await ownObjects().isEmpty)
    }

    @Test("A foreign file that is longer than an upload may be is refused before it is read")
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
        // Its first bytes only, which say that it is a picture.
        #expect(storage.count(.get) == gets + 1)
    }

    @Test("What is kept goes with its version: replaced, turned, deleted, or deleted while it was being made")
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
        // The note is written after the picture has gone.
        _ = try await service.upload(path, try Samples.jpeg())
        let other = ImageService.make(storage)
        storage.before(next: .put) { try? await other.delete(path, condition: .always) }
        _ = try await service.describeWithExtras(path)
        #expect(try await ownObjects().isEmpty)
    }

    // MARK: Metadata of uploads

    @Test("Under a policy an upload of several parts waits for room, and what can never have it is refused")
    func policyMemory() async throws {
        // Room for 64 MiB in all.
        let service = ImageService.make(storage, maximumBytes: 200 << 20, metadata: .dropAll)
        let file = try Samples.jpeg(padding: 1 << 20)
        // Without a declared length room is taken for the longest upload there may be.
        let error = await #expect(throws: ServiceError.self) { _ = try await service.upload(path, file) }
        guard case .beyondLimit(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("\(64 << 20)"))
        #expect(try await storage.list(ListRequest()).items.isEmpty)
        // With one, for that: four at a time. What stood behind the end is gone.
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
                            // Nobody's body ends before all of them have come and the rest waits.
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
        // All room is there again: one that takes all of it finds it.
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

    @Test("Under a policy what is refused leaves nothing, and gives its room back")
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
