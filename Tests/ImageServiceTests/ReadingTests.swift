import ImageModel
import ImageService
import NIOCore
import ObjectStorage
import TestClock
import Testing

@Suite("Reading: freshness, single flight, outage", .timeLimit(.minutes(2)))
struct ReadingTests {
    private let path: ImagePath

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
    }

    @Test("A hit sends no request to the store; an old entry sends one, however many clients read")
    func freshness() async throws {
        let storage = ScriptedStorage()
        let clock = ManualClock()
        let service = ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock)
        let bytes = try Samples.jpeg("one")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        let (gets, heads) = (storage.count(.get), storage.count(.head))
        for _ in 0..<10 { #expect(try await service.bytes(path) == bytes) }
        #expect(storage.count(.get) == gets)
        #expect(storage.count(.head) == heads)
        clock.advance(by: .seconds(2))
        storage.hold()
        let readers = (0..<30).map { _ in Task { try await service.open(path).resolved.freshness } }
        await until { storage.count(.head) > heads }
        storage.letGo()
        // A reader that comes after the response has a hit.
        for reader in readers { #expect([.revalidated, .hit].contains(try await reader.value)) }
        #expect(storage.count(.head) == heads + 1)
        #expect(storage.count(.get) == gets)
    }

    @Test("The store is read once for all concurrent requests for an image that is not cached")
    func coldStampede() async throws {
        let storage = ScriptedStorage()
        let bytes = try Samples.jpeg("cold", padding: 500_000)
        _ = try await ImageService.make(storage).upload(path, bytes)
        let service = ImageService.make(storage)
        storage.hold()
        let readers = (0..<50).map { _ in Task { try await service.bytes(path) } }
        await until { storage.count(.get) == 1 }
        storage.letGo()
        for reader in readers { #expect(try await reader.value == bytes) }
        #expect(storage.count(.get) == 1)
    }

    @Test("The replica that took a write sees it at once, and another replica within the bound")
    func writes() async throws {
        let storage = MemoryStorage()
        let clock = ManualClock()
        let (first, second) = (
            ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock),
            ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock)
        )
        let (one, two) = (try Samples.jpeg("one"), try Samples.jpeg("two"))
        _ = try await first.upload(path, one)
        #expect(try await second.bytes(path) == one)
        let uploaded = try await first.upload(path, two)
        #expect(try await first.bytes(path) == two)
        // A URL that names the new version never returns the old image.
        #expect(try await second.bytes(path, expecting: uploaded.image.version) == two)
        clock.advance(by: .seconds(2))
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

    @Test("While the store is away, old answers are used, and nobody waits long for new ones")
    func outage() async throws {
        let storage = ScriptedStorage()
        let clock = ManualClock()
        let service = ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock)
        let bytes = try Samples.jpeg("kept")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        clock.advance(by: .seconds(2))
        storage.fail(with: .unavailable)
        let opened = try await service.open(path)
        #expect(opened.resolved.freshness == .stale)
        #expect(try await opened.body.collect(upTo: 1 << 20).readableBytes == bytes.count)
        // The store hangs: the reader waits for it one second at most.
        storage.fail(with: nil)
        let probe = Task { try await service.checkStorage() }
        try await probe.value
        #expect(!service.usage.isStorageAway)
        storage.hold()
        let heads = storage.count(.head)
        let waiting = Task { try await service.open(path).resolved.freshness }
        await until { storage.count(.head) > heads && clock.sleeping > 0 }
        clock.advance(by: .seconds(1))
        #expect(try await waiting.value == .stale)
        storage.letGo()
        #expect(try await service.bytes(path) == bytes)
    }

    @Test("While the store is known to be away, one request checks it, and nobody waits")
    func aside() async throws {
        let storage = ScriptedStorage()
        let clock = ManualClock()
        let service = ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock)
        let bytes = try Samples.jpeg("kept")
        _ = try await service.upload(path, bytes)
        #expect(try await service.bytes(path) == bytes)
        clock.advance(by: .seconds(2))
        storage.fail(with: .unavailable)
        #expect(try await service.open(path).resolved.freshness == .stale)
        #expect(service.usage.isStorageAway)
        storage.hold()
        let heads = storage.count(.head)
        for _ in 0..<50 { #expect(try await service.open(path).resolved.freshness == .stale) }
        #expect(storage.count(.head) <= heads + 1)
        storage.fail(with: nil)
        storage.letGo()
        // The next request finds out that the store is back.
        while try await service.open(path).resolved.freshness == .stale {
            // The request comes after a pause.
            if clock.sleeping > 0 { clock.advance(by: .milliseconds(250)) }
            await Task.yield()
        }
        #expect(!service.usage.isStorageAway)
    }

    @Test("Large images stream past the cache, and each reader gets the whole image")
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
