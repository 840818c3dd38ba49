import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import Testing

@Suite("Reading: freshness, single flight, outage")
struct ReadingTests {
    private let path: ImagePath

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    @Test("A hit asks the store nothing; an old entry asks once, however many read")
    func freshness() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage, revalidateAfter: .seconds(2))
        let bytes = try Samples.jpeg("one")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        let (gets, heads) = (storage.count(.get), storage.count(.head))
        for _ in 0..<10 { #expect(try await service.bytes(path) == bytes) }
        #expect(storage.count(.get) == gets)
        #expect(storage.count(.head) == heads)
        try await Task.sleep(for: .milliseconds(2100))
        storage.delay(.milliseconds(50))
        try await withThrowingTaskGroup(of: Freshness.self) { group in
            for _ in 0..<30 { group.addTask { try await service.open(path).located.freshness } }
            for try await freshness in group { #expect(freshness == .revalidated) }
        }
        #expect(storage.count(.head) == heads + 1)
        #expect(storage.count(.get) == gets)
    }

    @Test("One read of the store for all who ask at once for what is not cached")
    func coldStampede() async throws {
        let storage = ScriptedStorage()
        let bytes = try Samples.jpeg("cold", padding: 500_000)
        _ = try await ImageService.make(storage).upload(path, bytes)
        let service = ImageService.make(storage)
        storage.delay(.milliseconds(30))
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<50 { group.addTask { try await service.bytes(path) } }
            for try await read in group { #expect(read == bytes) }
        }
        #expect(storage.count(.get) == 1)
    }

    @Test("A write is seen at once by the replica that took it, and by another one within the bound")
    func writes() async throws {
        let storage = MemoryStorage()
        let (first, second) = (
            ImageService.make(storage, revalidateAfter: .milliseconds(200)),
            ImageService.make(storage, revalidateAfter: .milliseconds(200))
        )
        let (one, two) = (try Samples.jpeg("one"), try Samples.jpeg("two"))
        _ = try await first.upload(path, one)
        #expect(try await second.bytes(path) == one)
        let uploaded = try await first.upload(path, two)
        #expect(try await first.bytes(path) == two)
        // A URL that names the new version never gets the old picture.
        #expect(try await second.bytes(path, expecting: uploaded.image.version) == two)
        try await Task.sleep(for: .milliseconds(250))
        #expect(try await second.bytes(path) == two)
    }

    @Test("A missing image is remembered for the bound, and an upload ends that at once")
    func missing() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage)
        for _ in 0..<3 { await #expect(throws: ServiceError.self) { _ = try await service.open(path) } }
        #expect(storage.count(.get) == 1)
        _ = try await service.upload(path, try Samples.jpeg())
        #expect(try await service.bytes(path) == Samples.jpeg())
    }

    @Test("While the store is away old answers stand in, and are not waited for long")
    func outage() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage, revalidateAfter: .milliseconds(50))
        let bytes = try Samples.jpeg("kept")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        try await Task.sleep(for: .milliseconds(60))
        storage.fail(with: .unavailable)
        let opened = try await service.open(path)
        #expect(opened.located.freshness == .stale)
        #expect(try await opened.body.collect(upTo: 1 << 20).readableBytes == bytes.count)
        // A store that hangs: the reader does not wait for it longer than a second.
        storage.fail(with: nil)
        storage.delay(.seconds(30))
        let start = ContinuousClock.now
        #expect(try await service.open(path).located.freshness == .stale)
        #expect(ContinuousClock.now - start < .seconds(5))
        storage.delay(.zero)
        storage.fail(with: nil)
        #expect(try await service.bytes(path) == bytes)
    }

    @Test("While the store is known to be away, one question asks for it, and nobody waits")
    func aside() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage, revalidateAfter: .milliseconds(10))
        let bytes = try Samples.jpeg("kept")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        try await Task.sleep(for: .milliseconds(20))
        storage.fail(with: .unavailable)
        #expect(try await service.open(path).located.freshness == .stale)
        #expect(service.usage.isStorageAway)
        storage.delay(.seconds(5))
        let heads = storage.count(.head)
        let start = ContinuousClock.now
        for _ in 0..<50 { #expect(try await service.open(path).located.freshness == .stale) }
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(storage.count(.head) <= heads + 1)
        storage.delay(.zero)
        storage.fail(with: nil)
        // The next question finds out that it is back.
        let deadline = ContinuousClock.now + .seconds(30)
        while try await service.open(path).located.freshness == .stale, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(!service.usage.isStorageAway)
    }

    @Test("Large images stream past the cache, to each reader whole")
    func large() async throws {
        let storage = ScriptedStorage()
        let service = ImageService.make(storage)
        let bytes = try Samples.jpeg("large", padding: 9_000_000)
        _ = try await service.upload(path, bytes)
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<5 { group.addTask { try await service.bytes(path) } }
            for try await read in group { #expect(read == bytes) }
        }
        #expect(service.usage.cacheBytes < 1 << 20)
    }
}
