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

/// Which version a path has now, by a clock that moves only when told to.
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

    /// As another replica writes: this one is not told. Returns the version.
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

    @Test("Within the bound memory answers; at the bound the store is asked, once for all who wait")
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

    @Test("An answer that says the same keeps the number of the first; one of another version has its own")
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

    @Test("Freshness counts from the moment the question was sent, not from its answer")
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

    @Test("A bound of nothing asks each time, and never ahead")
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

    @Test("What is in use is asked for before its time is over: one question, and nobody waits for it")
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

    @Test("What nobody uses is not asked for, nor what is not there")
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

    @Test("Thousands of hot paths are not thousands of questions at once, and all have their turn")
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

    @Test("An answer to a question sent before a write does not put the old version back")
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

    @Test("Who comes after a write does not join a question sent before it")
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

    @Test("That nothing was there is not believed after an upload, not even where the answer comes later")
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

    @Test("Of two answers the one to the later question stays, whichever comes last")
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

    @Test("While the store is away an old answer stands in, for as long as it may, and not a moment longer")
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

    @Test("Nothing that was not there stands in")
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

    @Test("When the store is back a question sent aside finds out, and new versions are served")
    func back() async throws {
        try await store("one")
        _ = try await current.locate(path)
        storage.fail(with: .timedOut)
        advance(Self.bound)
        #expect(try await current.locate(path).freshness == .stale)
        let two = try await store("two")
        storage.fail(with: nil)
        // This one is still answered from memory, and asks aside.
        #expect(try await current.locate(path).freshness == .stale)
        await until { !health.isAway }
        #expect(try await current.locate(path).image.etag == two)
    }

    @Test("While the store is away only a few questions find out whether it is back")
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
