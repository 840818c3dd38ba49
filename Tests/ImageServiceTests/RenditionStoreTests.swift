import ImageCodecs
import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import TaskSupport
import TestClock
import Testing

@Suite("Renditions in the store", .timeLimit(.minutes(2)))
struct RenditionStoreTests {
    private let path: ImagePath
    private let base = MemoryStorage()
    private let storage: ScriptedStorage

    init() throws {
        storage = ScriptedStorage(base)
        path = try ImagePath(Array("a/photo.jpg".utf8))
    }

    private func spec(_ width: Int) -> RenditionSpec {
        ImageService.spec(RenditionRequest(width: width), format: .jpeg)
    }

    /// A replica: its state is in its memory and in the store.
    private func replica(
        lease: Duration = .zero, limit: Int = 100, intermediates: Int = 0, isKeeping: Bool = true,
        clock: MonotonicClock = .continuous
    ) -> ImageService {
        .make(
            storage,
            keeping: isKeeping
                ? RenditionStoreOptions(maximumPerImage: limit, lease: lease, intermediateSide: intermediates) : nil,
            clock: clock)
    }

    private func render(_ service: ImageService, _ width: Int) async throws -> [UInt8] {
        let rendered = try await service.render(try await service.locate(path), spec(width))
        return Array(try await rendered.stream(0..<rendered.size).collect(upTo: 1 << 20).readableBytesView)
    }

    private func own(_ kind: String) async throws -> [ObjectKey] {
        try await base.list(ListRequest(prefix: Array(".tintype/".utf8))).items.map(\.key)
            .filter { $0.text.contains("/\(kind)-") }
    }

    /// The server stores renditions in the background, after the response.
    private func waitForOwn(_ kind: String, _ count: Int) async throws {
        try await until { try await own(kind).count == count }
    }

    @Test("A rendition is made once: the next replica finds it, and does not look at the original")
    func foundByOthers() async throws {
        let first = replica()
        _ = try await first.upload(path, try Samples.noise(.jpeg, side: 400))
        let bytes = try await render(first, 50)
        try await waitForOwn("rendition", 1)
        let second = replica()
        let resolved = try await second.locate(path)
        let gets = storage.count(.get)
        let found = try await second.render(resolved, spec(50))
        #expect(storage.count(.get) == gets + 1)
        #expect(Array(try await found.stream(0..<found.size).collect(upTo: 1 << 20).readableBytesView) == bytes)
        #expect(found.etag == (try await first.render(resolved, spec(50)).etag))
        #expect(second.renditionTag(resolved.image, spec(50)).isStrong)
        // After that it is in memory.
        #expect(try await second.render(resolved, spec(50)).isHit)
        #expect(storage.count(.get) == gets + 1)
    }

    @Test("Nothing is stored if the setting is off")
    func switchedOff() async throws {
        let service = replica(isKeeping: false)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        _ = try await render(service, 50)
        #expect(storage.count(.put) == 1)
    }

    @Test("Stored renditions go with their version: if it is replaced, rotated or deleted")
    func removal() async throws {
        let service = replica()
        let changes: [@Sendable () async throws -> Void] = [
            { _ = try await service.upload(path, try Samples.noise(.jpeg, side: 200)) },
            { _ = try await service.rotate(path, by: .rotated90, condition: .always) },
            { try await service.delete(path, condition: .always) },
        ]
        for change in changes {
            _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
            await service.finishBackgroundWork(within: .seconds(10))
            for width in [20, 40] { _ = try await render(service, width) }
            _ = try await service.describeWithExtras(path)
            try await waitForOwn("rendition", 2)
            try await change()
            await service.finishBackgroundWork(within: .seconds(10))
            #expect(try await own("").isEmpty)
        }
    }

    @Test("A removal that fails is repeated, and the removal for an old version leaves the renditions of the new one")
    func removalRepeated() async throws {
        let clock = ManualClock()
        let service = replica(clock: clock.clock)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        _ = try await render(service, 50)
        try await waitForOwn("rendition", 1)
        storage.reject(.list, with: [.unavailable, .timedOut])
        storage.reject(.delete, with: [.unavailable])
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 300))
        let old = try await own("rendition")
        // Another replica, whose store does not fail.
        let keeping = RenditionStoreOptions(maximumPerImage: 100)
        _ = try await render(.make(base, keeping: keeping), 50)
        try await until {
            // The pauses before the next try.
            if clock.sleeping > 0 { clock.advance(by: .seconds(1)) }
            let now = try await own("rendition")
            return now.count == 1 && now != old
        }
        #expect(try await own("rendition").count == 1)
        #expect(try await own("rendition") != old)
    }

    @Test("A rendition that was stored after its original was deleted is removed")
    func storedTooLate() async throws {
        let service = replica()
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        let other = replica()
        storage.before(next: .put) { _ = try? await other.delete(path, condition: .always) }
        _ = try await render(service, 50)
        await until { storage.count(.put) >= 2 && storage.count(.delete) >= 2 }
        try await waitForOwn("rendition", 0)
    }

    @Test("A stored object that is not an image is made again")
    func damaged() async throws {
        let service = replica()
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        let bytes = try await render(service, 50)
        try await waitForOwn("rendition", 1)
        let key = try #require(try await own("rendition").first)
        for junk in ["", "no picture", String(repeating: "x", count: 100_000)] {
            _ = try await storage.put(key, bytes: ByteBuffer(string: junk), options: PutOptions())
            #expect(try await render(replica(), 50) == bytes)
        }
    }

    @Test("A limited number of renditions is stored per version; others are made all the same")
    func limit() async throws {
        let service = replica(limit: 3)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        for width in 10..<20 {
            _ = try await render(service, width)
            try await waitForOwn("rendition", min(3, width - 9))
        }
        // Another replica counts the stored renditions.
        let other = replica(limit: 3)
        let puts = storage.count(.put)
        for width in 20..<24 { #expect(try await !render(other, width).isEmpty) }
        #expect(storage.count(.put) == puts)
    }

    @Test("While the store is away, renditions are made from originals in memory")
    func storeAway() async throws {
        let service = replica()
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        let resolved = try await service.locate(path)
        _ = try await service.bytes(path)
        storage.fail(with: .unavailable)
        #expect(try await service.render(resolved, spec(50)).size > 0)
        storage.fail(with: nil)
    }

    /// The body broke off in the middle, and the client got the store's error, although the original was there.
    @Test("If the body of a stored rendition or intermediate breaks off, it is made again", arguments: [0, 400])
    func brokenOff(intermediates: Int) async throws {
        let service = replica(intermediates: intermediates)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 1201))
        _ = try await render(service, 190)
        try await waitForOwn("rendition", intermediates == 0 ? 1 : 2)
        storage.breakBodies { $0.text.contains("/rendition-") }
        #expect(try await !render(replica(intermediates: intermediates), 190).isEmpty)
        #expect(try await !render(replica(intermediates: intermediates), 90).isEmpty)
    }

    /// If the cache had no room for it, the read took a codec permit, and the response was 503 if the codecs were busy.
    @Test("A stored rendition is read without a codec permit, even if the cache cannot hold it")
    func noPermit() async throws {
        let service = replica()
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        let bytes = try await render(service, 50)
        try await waitForOwn("rendition", 1)
        // The codec memory of this service is too small for any file.
        let other = ImageService.make(
            storage, cacheBytes: 0, renderMemoryBytes: 16, keeping: RenditionStoreOptions(maximumPerImage: 100))
        await #expect(throws: ServiceError.self) { _ = try await render(other, 51) }
        #expect(try await render(other, 50) == bytes)
    }

    // MARK: Leases

    @Test("With a lease, one replica renders, and the others wait for the rendition that it stores", arguments: [1, 8])
    func lease(clients: Int) async throws {
        _ = try await replica().upload(path, try Samples.noise(.jpeg, side: 1500))
        let replicas = (0..<3).map { _ in replica(lease: .seconds(30)) }
        for replica in replicas { _ = try await replica.locate(path) }
        let gets = storage.count(.get)
        let all = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for replica in replicas {
                for _ in 0..<clients { group.addTask { try await render(replica, 300) } }
            }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(all.count == 1)
        try await waitForOwn("lease", 0)
        #expect(try await own("rendition").count == 1)
        #expect(storage.count(.get) > gets)
        #expect(storage.reads(of: path.key) == 1)
    }

    @Test("A replica waits for a lease no longer than its time, if the holder has died or failed")
    func deadLease() async throws {
        let service = replica()
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 400))
        _ = try await render(service, 50)
        try await waitForOwn("rendition", 1)
        let key = try #require(try await own("rendition").first)
        try await storage.delete(key, ifMatch: nil)
        let name = key.text.replacing(/\/rendition-\d+-/, with: "/lease-")
        let lease = try #require(ObjectKey(name))
        _ = try await storage.put(lease, bytes: ByteBuffer(string: "x"), options: PutOptions())
        #expect(try await !render(replica(lease: .milliseconds(300)), 50).isEmpty)
        try await waitForOwn("rendition", 1)
        try await waitForOwn("lease", 0)
        // A failure gives the lease back too.
        let broken = try ImagePath(Array("broken.jpg".utf8))
        let bytes = Array(try Samples.noise(.jpeg, side: 400).prefix(300))
        _ = try await storage.put(broken.key, bytes: ByteBuffer(bytes: bytes), options: PutOptions())
        let other = replica(lease: .seconds(30))
        let resolved = try await other.locate(broken)
        await #expect(throws: ServiceError.self) { _ = try await other.render(resolved, spec(50)) }
        try await waitForOwn("lease", 0)
    }

    // MARK: The intermediate

    /// These JPEGs are progressive, so decoding them is costly enough for an intermediate at once.
    @Test("The first rendition of an original that is costly to decode leaves an intermediate for smaller renditions")
    func intermediates() async throws {
        let service = replica(intermediates: 400)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 1201))
        _ = try await render(service, 190)
        // The rendition and the intermediate.
        try await waitForOwn("rendition", 2)
        let reads = storage.reads(of: path.key)
        let other = replica(intermediates: 400)
        let small = try await render(other, 97)
        #expect(storage.reads(of: path.key) == reads)
        // The size is the same as without an intermediate: it follows the proportions of the original.
        let info = try ImageHeader.read(small.span.bytes, limits: CodecLimits())
        #expect(info.size == PixelSize(width: 97, height: 48))
        // The two ways give different bytes under one tag, so the tag is weak.
        let resolved = try await other.locate(path)
        #expect(!other.renditionTag(resolved.image, spec(190)).isStrong)
        #expect(other.renditionTag(resolved.image, spec(201)).isStrong)
        // A rendition of more than half the intermediate's size needs the original.
        _ = try await render(other, 201)
        #expect(storage.reads(of: path.key) == reads + 1)
    }

    @Test("A damaged intermediate is ignored")
    func damagedIntermediate() async throws {
        let service = replica(intermediates: 400)
        _ = try await service.upload(path, try Samples.noise(.jpeg, side: 1201))
        _ = try await render(service, 190)
        try await waitForOwn("rendition", 2)
        for key in try await own("rendition") {
            let bytes = try await storage.get(key, options: GetOptions()).body.collect(upTo: 1 << 20)
            let cut = try #require(bytes.getSlice(at: 0, length: bytes.readableBytes / 2))
            _ = try await storage.put(key, bytes: cut, options: PutOptions())
        }
        #expect(try await !render(replica(intermediates: 400), 90).isEmpty)
    }
}
