import ImageCache
import ImageModel
import NIOCore
import ObjectStorage
import TestClock
import Testing

@testable import ImageService

/// Readers that find an old entry, and reach the shared request to the store only after the request of others has
/// ended. Each test takes the steps of such a reader one by one, so that their order is fixed.
@Suite("Readers that come just after a shared request has ended", .timeLimit(.minutes(2)))
struct LateReaderTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()
    private let clock = ManualClock()
    private let service: ImageService

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
        service = ImageService.make(storage, revalidateAfter: .seconds(2), clock: clock.clock)
    }

    @Test("A reader that found an old entry uses the answer that came meanwhile, and sends no second HEAD")
    func lateRevalidation() async throws {
        _ = try await service.upload(path, try Samples.jpeg("one"))
        _ = try await service.locate(path)
        clock.advance(by: .seconds(2))
        // The late reader looks: the entry is too old.
        #expect(service.current.fresh(path.key) == nil)
        let arrival = clock.now
        // Meanwhile another reader asks the store, and its request ends.
        #expect(try await service.locate(path).freshness == .revalidated)
        let heads = storage.count(.head)
        // The late reader goes on.
        let entry = try await service.current.ask(path.key, nil, since: arrival, until: nil)
        #expect(entry.image?.etag == service.current.fresh(path.key)?.image?.etag)
        #expect(entry.image != nil)
        #expect(storage.count(.head) == heads)
    }

    @Test("An entry that is still too old does not answer the reader, and the store gets one HEAD")
    func stillOld() async throws {
        _ = try await service.upload(path, try Samples.jpeg("one"))
        _ = try await service.locate(path)
        clock.advance(by: .seconds(2))
        let heads = storage.count(.head)
        _ = try await service.current.ask(path.key, nil, since: clock.now, until: nil)
        #expect(storage.count(.head) == heads + 1)
    }

    @Test("A reader that names another version asks the store, if the answer in memory is from before it came")
    func namedVersion() async throws {
        _ = try await service.upload(path, try Samples.jpeg("one"))
        _ = try await service.locate(path)
        // Also if the clock has not moved since.
        for pause in [Duration.zero, .milliseconds(1)] {
            clock.advance(by: pause)
            let heads = storage.count(.head)
            let entry = try await service.current.ask(path.key, "another", since: clock.now, until: nil)
            #expect(entry.asked == clock.now)
            #expect(storage.count(.head) == heads + 1)
        }
    }

    @Test(
        "A reader that found nothing in memory uses the image that was read meanwhile, and sends no second GET",
        arguments: [0, 500_000])
    func lateRead(padding: Int) async throws {
        let bytes = try Samples.jpeg("cold", padding: padding)
        _ = try await ImageService.make(storage).upload(path, bytes)
        // The late reader looks: nothing is known.
        #expect(service.cache.current(path.key) == nil)
        let arrival = clock.now
        // Meanwhile another reader gets the whole image, and its read ends.
        #expect(try await service.bytes(path) == bytes)
        let (gets, heads) = (storage.count(.get), storage.count(.head))
        // The late reader goes on.
        let opened = try await service.originals.joinRead(path.key, expecting: nil, since: arrival, for: .unknown)
        #expect(Array(try await opened.body.collect(upTo: 1 << 20).readableBytesView) == bytes)
        #expect(storage.count(.get) == gets)
        #expect(storage.count(.head) == heads)
    }

    @Test("A reader that found nothing in memory is told that the image is missing, as was found meanwhile")
    func lateReadOfNothing() async throws {
        let arrival = clock.now
        await #expect(throws: ServiceError.self) { _ = try await service.open(path) }
        let gets = storage.count(.get)
        let error = await #expect(throws: ServiceError.self) {
            _ = try await service.originals.joinRead(path.key, expecting: nil, since: arrival, for: .unknown)
        }
        guard case .notFound? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(storage.count(.get) == gets)
    }
}
