import Admission
import ImageCache
import ImageModel
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TaskSupport
import TestClock
import Testing

@testable import ImageService

/// Which version a path has now, with a clock that moves only when the test advances it.
@Suite("Versions: freshness, refresh ahead, races, outage", .timeLimit(.minutes(2)))
struct VersionTests {
    private static let bound = Duration.seconds(8)
    private static let stale = Duration.seconds(100)

    private let storage = HeldStorage()
    private let time = NIOLockedValueBox(ContinuousClock.now)
    private let cache = CurrentImages.Cache(bytes: 8 << 20) { $0.replaces($1) }
    private let health = StorageHealth()
    private let current: CurrentImages
    private let path: ImagePath

    init() throws {
        path = try ImagePath(Array("a.jpg".utf8))
        current = Self.make(storage, cache, health, time, bound: Self.bound)
    }

    private static func make(
        _ storage: any ObjectStorage, _ cache: CurrentImages.Cache, _ health: StorageHealth,
        _ time: NIOLockedValueBox<ContinuousClock.Instant>, bound: Duration
    ) -> CurrentImages {
        CurrentImages(
            storage: HealthTrackingStorage(storage, health: health), cache: cache, health: health,
            revalidateAfter: bound,
            staleFor: stale,
            clock: MonotonicClock(
                now: { time.withLockedValue { $0 } }, sleep: { _ in try await untilCancelled() }))
    }

    private func advance(_ duration: Duration) { time.withLockedValue { $0 += duration } }

    /// Writes like another replica, so this one is not informed. Returns the version.
    @discardableResult
    private func store(_ mark: String, at path: ImagePath? = nil) async throws -> ETag {
        try await storage.put(
            (path ?? self.path).key, bytes: ByteBuffer(bytes: try Samples.jpeg(mark)), options: PutOptions()
        ).etag
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    // MARK: Freshness

    @Test("Within the bound, memory answers; at the bound, the store gets one request for all that wait")
    func bound() async throws {
        let one = try await store("one")
        #expect(try await current.locate(path).freshness == .miss)
        advance(Self.bound * 3 / 4 - .nanoseconds(1))
        #expect(try await current.locate(path).freshness == .hit)
        #expect(storage.heads == 1)
        let two = try await store("two")
        #expect(try await current.locate(path).image.etag == one)
        advance(Self.bound)
        storage.hold()
        let readers = (0..<20).map { _ in Task { try await current.locate(path) } }
        await until { storage.held == 1 }
        storage.letGo()
        for reader in readers { #expect(try await reader.value.image.etag == two) }
        #expect(storage.heads == 2)
    }

    @Test("An answer that confirms the old one keeps its serial number; one of another version has a new number")
    func numbers() async throws {
        let cache = CurrentImages.Cache(
            bytes: 8 << 20, replaces: { $0.replaces($1) }, confirms: { $0.confirms($1) })
        let current = Self.make(storage, cache, health, time, bound: Self.bound)
        try await store("one")
        _ = try await current.locate(path)
        let first = try #require(cache.current(path.key)).serial
        let moment = cache.moment(of: path.key)
        advance(Self.bound)
        #expect(try await current.locate(path).freshness == .revalidated)
        #expect(cache.current(path.key)?.serial == first)
        #expect(cache.current(path.key)?.asked == time.withLockedValue { $0 })
        #expect(moment.lasts)
        try await store("two")
        advance(Self.bound)
        #expect(try await current.locate(path).freshness == .replaced)
        #expect(cache.current(path.key)?.serial != first)
        #expect(!moment.lasts)
    }

    @Test("Freshness counts from the time of the request to the store, not of its response")
    func fromTheQuestion() async throws {
        try await store("one")
        storage.hold()
        let sent = time.withLockedValue { $0 }
        let reader = Task { try await current.locate(path) }
        await until { storage.held == 1 }
        advance(Self.bound)
        storage.letGo()
        _ = try await reader.value
        #expect(cache.current(path.key)?.asked == sent)
        #expect(current.fresh(path.key) == nil)
    }

    @Test("With a bound of zero every read asks the store, and never ahead of time")
    func none() async throws {
        let current = Self.make(storage, cache, health, time, bound: .zero)
        try await store("one")
        for count in 1...3 {
            _ = try await current.locate(path)
            #expect(storage.heads == count)
            #expect(current.fresh(path.key) == nil)
        }
        #expect(storage.heads == 3)
    }

    // MARK: Ahead

    @Test("A path in use is refreshed before its bound: one request to the store, and nobody waits for it")
    func ahead() async throws {
        try await store("one")
        _ = try await current.locate(path)
        advance(Self.bound * 3 / 4)
        storage.hold()
        let two = try await store("two")
        for _ in 0..<50 { #expect(try await current.locate(path).freshness == .hit) }
        await until { storage.held == 1 }
        for _ in 0..<50 { #expect(try await current.locate(path).freshness == .hit) }
        #expect(storage.heads == 2)
        storage.letGo()
        await until { cache.current(path.key)?.image?.etag == two }
        // The first answer would be too old by now.
        advance(Self.bound / 2)
        #expect(try await current.locate(path).freshness == .hit)
        #expect(storage.heads == 2)
    }

    @Test("A path that is not in use is not refreshed, and neither is a missing image")
    func notAhead() async throws {
        try await store("one")
        _ = try await current.locate(path)
        let missing = try ImagePath(Array("none.jpg".utf8))
        await #expect(throws: ServiceError.self) { try await current.locate(missing) }
        #expect(storage.heads == 2)
        advance(Self.bound * 3 / 4)
        await #expect(throws: ServiceError.self) { try await current.locate(missing) }
        advance(Self.bound)
        for _ in 0..<100 { await Task.yield() }
        #expect(storage.heads == 2)
    }

    @Test("Thousands of hot paths do not make thousands of requests at once, and all are refreshed in the end")
    func flood() async throws {
        let paths = try (0..<200).map { try ImagePath(Array("\($0).jpg".utf8)) }
        for path in paths {
            try await store("one", at: path)
            _ = try await current.locate(path)
        }
        advance(Self.bound * 3 / 4)
        storage.hold()
        for path in paths { #expect(current.fresh(path.key) != nil) }
        await until { storage.held == CurrentImages.maximumRefreshes }
        for path in paths { #expect(current.fresh(path.key) != nil) }
        #expect(storage.heads == 200 + CurrentImages.maximumRefreshes)
        storage.letGo()
        await until {
            for path in paths { _ = current.fresh(path.key) }
            return paths.allSatisfy { cache.current($0.key)?.asked == time.withLockedValue { $0 } }
        }
        #expect(storage.heads == 400)
    }

    // MARK: Races

    @Test("The response to a request from before a write does not bring the old version back")
    func fillAgainstWrite() async throws {
        try await store("one")
        storage.hold()
        let reader = Task { try await current.locate(path) }
        await until { storage.held == 1 }
        // As WriteSettlement does.
        cache.invalidate(path.key)
        let two = try await store("two")
        cache.invalidate(path.key)
        storage.letGo()
        _ = try await reader.value
        #expect(cache.current(path.key) == nil)
        #expect(try await current.locate(path).image.etag == two)
    }

    @Test("A reader that comes after a write does not join a request from before it")
    func joinAfterWrite() async throws {
        try await store("one")
        storage.hold()
        let early = Task { try await current.locate(path) }
        await until { storage.held == 1 }
        cache.invalidate(path.key)
        let two = try await store("two")
        cache.invalidate(path.key)
        let late = Task { try await current.locate(path) }
        await until { storage.held == 2 }
        storage.letGo()
        #expect(try await late.value.image.etag == two)
        _ = try await early.value
    }

    @Test("An image does not count as missing after an upload, even if an older response comes later")
    func negative() async throws {
        await #expect(throws: ServiceError.self) { try await current.locate(path) }
        await #expect(throws: ServiceError.self) { try await current.locate(path) }
        #expect(storage.heads == 1)
        advance(Self.bound)
        storage.hold()
        let reader = Task { try await current.locate(path) }
        await until { storage.held == 1 }
        cache.invalidate(path.key)
        let one = try await store("one")
        cache.invalidate(path.key)
        storage.letGo()
        await #expect(throws: ServiceError.self) { try await reader.value }
        #expect(try await current.locate(path).image.etag == one)
    }

    @Test("Of two answers, the one to the later request stays, whichever arrives last")
    func order() async throws {
        try await store("one")
        _ = try await current.locate(path)
        let epoch = cache.epoch(of: path.key)
        let old = try #require(cache.current(path.key))
        try await store("two")
        advance(Self.bound)
        let two = try await current.locate(path).image.etag
        cache.setCurrent(path.key, old, asked: epoch)
        #expect(cache.current(path.key)?.image?.etag == two)
    }

    // MARK: Outage

    @Test("While the store is away an old answer is used for as long as it is allowed, and not longer")
    func outage() async throws {
        try await store("one")
        _ = try await current.locate(path)
        storage.fail(with: .unavailable)
        advance(Self.bound)
        #expect(try await current.locate(path).freshness == .stale)
        #expect(health.isAway)
        advance(Self.stale - .nanoseconds(1))
        #expect(try await current.locate(path).freshness == .stale)
        advance(.nanoseconds(1))
        let error = await #expect(throws: ServiceError.self) { try await current.locate(path) }
        guard case .storage(let cause)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.code == .unavailable)
    }

    @Test("A missing image is not served from memory while the store is away")
    func negativeOutage() async throws {
        await #expect(throws: ServiceError.self) { try await current.locate(path) }
        storage.fail(with: .unavailable)
        advance(Self.bound)
        let error = await #expect(throws: ServiceError.self) { try await current.locate(path) }
        guard case .storage? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("When the store is back, a request in the background finds out, and new versions are served")
    func back() async throws {
        try await store("one")
        _ = try await current.locate(path)
        storage.fail(with: .timedOut)
        advance(Self.bound)
        #expect(try await current.locate(path).freshness == .stale)
        let two = try await store("two")
        storage.fail(with: nil)
        // This response still comes from memory, and starts a request in the background.
        #expect(try await current.locate(path).freshness == .stale)
        await until { !health.isAway }
        #expect(try await current.locate(path).image.etag == two)
    }

    @Test("While the store is away, only a few requests check whether it is back")
    func awayFlood() async throws {
        let paths = try (0..<50).map { try ImagePath(Array("\($0).jpg".utf8)) }
        for path in paths {
            try await store("one", at: path)
            _ = try await current.locate(path)
        }
        advance(Self.bound)
        health.note(StorageError(.unavailable, during: .head))
        storage.hold()
        for path in paths { #expect(try await current.locate(path).freshness == .stale) }
        await until { storage.held == CurrentImages.maximumRefreshesWhileAway }
        for path in paths { #expect(try await current.locate(path).freshness == .stale) }
        #expect(storage.heads == 50 + CurrentImages.maximumRefreshesWhileAway)
        storage.letGo()
    }
}
