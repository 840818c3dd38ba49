import ImageCache
import NIOConcurrencyHelpers
import ObjectStorage
import Synchronization
import TaskSupport

/// The store's last answer about a path, and when it was asked.
struct CurrentEntry: Sendable {
    /// Nil: the path has no picture.
    let image: StoredImage?
    /// When the question was sent: freshness counts from then.
    var asked: ContinuousClock.Instant
    /// Identifies what the store said, not when: it stays while the store says the same, and no other entry has it.
    private(set) var serial = Self.lastSerial.wrappingAdd(1, ordering: .relaxed).newValue

    private static let lastSerial = Atomic<UInt64>(0)

    init(image: StoredImage?, asked: ContinuousClock.Instant) {
        self.image = image
        self.asked = asked
    }

    /// This answer about a more deeply inspected image.
    func with(_ image: StoredImage) -> CurrentEntry { CurrentEntry(image: image, asked: asked) }

    /// Takes over the serial of an older answer that said the same.
    mutating func confirms(_ other: CurrentEntry) -> Bool {
        guard image == other.image else { return false }
        serial = other.serial
        return true
    }

    /// Whether this entry replaces another: not if that one answers a question that was sent later. Two questions of
    /// different kinds may be under way at once, and the first one sent may be answered last.
    func replaces(_ other: CurrentEntry) -> Bool { asked >= other.asked }
}

/// How an answer was found, for `Cache-Status` and the metrics.
public enum Freshness: Sendable, Hashable {
    /// From memory, within the age limit.
    case hit
    /// The store was asked for it.
    case miss
    /// The entry in memory was too old, and the store confirmed it.
    case revalidated
    /// The entry in memory was too old, and the store had another version.
    case replaced
    /// The entry in memory was young enough, but the URL named another version, so the store was asked: is the entry
    /// still right?
    case forcedRevalidation(holds: Bool)
    /// The entry in memory is too old, but is used because the store is away.
    case stale
}

/// A picture, and how it was found.
public struct ResolvedImage: Sendable {
    /// The version that was found.
    public var image: StoredImage
    /// Whether memory or the store answered.
    public var freshness: Freshness
    /// When the store was asked, if that was before this request; nil: it was asked for this request.
    public var asked: ContinuousClock.Instant?
}

/// Answers "which version has this path now?" from memory if the answer is young enough, else from the store, with one
/// question per path at a time.
struct CurrentImages: Sendable {
    typealias Cache = ImageCache<CurrentEntry>

    struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        var epoch: WriteEpoch
    }

    private struct InspectionKey: Hashable, Sendable {
        var image: StoredImage
        var depth: StoredImage.Depth
        var epoch: WriteEpoch
    }

    let storage: any ObjectStorage
    let cache: Cache
    let health: StorageHealth
    /// How old an answer may be before the store is asked again.
    let revalidateAfter: Duration
    /// How much longer an old answer may be used while the store is away.
    let staleFor: Duration
    private let flights = SingleFlight<FlightKey, Result<CurrentEntry, StorageError>>()
    private let inspections = SingleFlight<InspectionKey, Result<StoredImage?, StorageError>>()
    private let inspection: ImageInspection
    /// Paths that are being refreshed in the background.
    private let refreshing = NIOLockedValueBox<Set<ObjectKey>>([])
    let clock: MonotonicClock
    /// The age at which an answer that is in use is refreshed.
    private let lookAhead: Duration

    /// If memory has an old answer, a reader waits at most so long for a new one.
    private static let timeout = Duration.seconds(1)
    /// How many refreshes may run in the background: thousands of hot paths must not crowd out readers that wait.
    static let maximumRefreshes = 32
    /// The same while the store is away. More than one, since one may hang.
    static let maximumRefreshesWhileAway = 4
    /// The pause between two refreshes of one path while the store is away.
    private static let pauseWhileAway = Duration.milliseconds(250)

    init(
        storage: any ObjectStorage, cache: Cache, health: StorageHealth, revalidateAfter: Duration, staleFor: Duration,
        clock: MonotonicClock = .continuous
    ) {
        self.storage = storage
        self.cache = cache
        self.health = health
        self.revalidateAfter = revalidateAfter
        self.staleFor = staleFor
        self.clock = clock
        lookAhead = revalidateAfter * 3 / 4
        inspection = ImageInspection(storage: storage)
    }

    /// The entry in memory, if it is young enough to be believed. Does not wait.
    ///
    /// An entry that is used in the last quarter of its time is refreshed in the background, so that readers of hot
    /// paths never wait for the store. Entries that say "not found" are not refreshed: they should be forgotten.
    func fresh(_ path: ObjectKey) -> CurrentEntry? {
        guard let entry = cache.current(path), isFresh(entry, of: path, at: clock.now()) else { return nil }
        return entry
    }

    /// Whether an entry that was found now is young enough to be believed. Refreshes it in the background, as
    /// ``fresh(_:)`` does.
    func isFresh(_ entry: CurrentEntry, of path: ObjectKey, at now: ContinuousClock.Instant) -> Bool {
        let age = now - entry.asked
        guard age < revalidateAfter else { return false }
        if age >= lookAhead, entry.image != nil { refreshInBackground(path) }
        return true
    }

    /// The entry in memory, if it may be used while the store is away.
    func usableStale(_ path: ObjectKey) -> CurrentEntry? {
        guard let entry = cache.current(path), entry.image != nil,
            clock.now() - entry.asked < revalidateAfter + staleFor
        else { return nil }
        return entry
    }

    /// The path's current version.
    ///
    /// - Parameter expected: the version that the URL names. If memory has another one, the store is asked at once.
    func locate(_ path: ImagePath, expecting expected: String? = nil) async throws(ServiceError) -> ResolvedImage {
        if let entry = fresh(path.key), expected == nil || entry.image?.version == expected {
            return ResolvedImage(image: try present(entry), freshness: .hit, asked: entry.asked)
        }
        let arrival = clock.now()
        let known = cache.current(path.key)
        let stale = usableStale(path.key)
        if let stale, let image = stale.image, health.isAway {
            // No reader waits for a store that is known to be away: a refresh finds out when it is back.
            refreshInBackground(path.key)
            return ResolvedImage(image: image, freshness: .stale, asked: stale.asked)
        }
        do {
            let limit = stale == nil ? nil : clock.now() + Self.timeout
            let entry = try await ask(path.key, expected, since: arrival, until: limit)
            let image = try present(entry)
            return ResolvedImage(
                image: image, freshness: freshness(of: image, since: known, at: arrival),
                asked: entry.asked < arrival ? entry.asked : nil)
        } catch  where error.tellsNothingOfTheImage {
            guard let stale, let image = stale.image else { throw error }
            return ResolvedImage(image: image, freshness: .stale, asked: stale.asked)
        }
    }

    /// Compares the store's answer with what memory had when the request came.
    private func freshness(
        of image: StoredImage, since known: CurrentEntry?, at arrival: ContinuousClock.Instant
    ) -> Freshness {
        guard let known else { return .miss }
        let holds = known.image?.etag == image.etag
        if arrival - known.asked < revalidateAfter { return .forcedRevalidation(holds: holds) }
        return holds ? .revalidated : .replaced
    }

    private func present(_ entry: CurrentEntry) throws(ServiceError) -> StoredImage {
        guard let image = entry.image else { throw .notFound }
        return image
    }

    /// Asks the store, together with all others that are asking. Stops waiting at `limit`; the question goes on.
    ///
    /// A caller that found an old entry may come here only after the flight of others has ended. So the flight that it
    /// then begins looks into memory again before it asks.
    ///
    /// - Parameter arrival: when the caller found that memory does not answer it.
    func ask(
        _ path: ObjectKey, _ expected: String?, since arrival: ContinuousClock.Instant,
        until limit: ContinuousClock.Instant?
    ) async throws(ServiceError) -> CurrentEntry {
        while true {
            let entry = try await joinFlight(path, until: limit) { known in
                answersLate(known, since: arrival, expected)
            }
            if isRecentEnough(entry.image?.version, asked: entry.asked, to: arrival, expected) { return entry }
        }
    }

    /// Asks the store for no reader. Does nothing if this path is being refreshed already, or if too many others are.
    private func refreshInBackground(_ path: ObjectKey) {
        let limit = health.isAway ? Self.maximumRefreshesWhileAway : Self.maximumRefreshes
        guard refreshing.withLockedValue({ $0.count < limit && $0.insert(path).inserted }) else { return }
        let key = FlightKey(path: path, epoch: cache.epoch(of: path))
        Task {
            // An entry that another flight has just refreshed needs no question.
            _ = try? await flights.run(key) {
                await self.question(key) { clock.now() - $0.asked < lookAhead }
            }
            // A store that refuses at once is not asked again with every hit.
            if health.isAway { try? await clock.sleep(clock.now() + Self.pauseWhileAway) }
            refreshing.withLockedValue { _ = $0.remove(path) }
        }
    }

    /// Whether an answer is recent enough for a request that came at `arrival`. An answer to a question from long
    /// before is not. If it is not the version that the URL names, neither is an answer to any question sent before the
    /// request: the named version may have been written after that.
    func isRecentEnough(
        _ version: String?, asked: ContinuousClock.Instant, to arrival: ContinuousClock.Instant, _ expected: String?
    ) -> Bool {
        if asked >= arrival { return true }
        guard let expected, version != expected else { return arrival - asked < revalidateAfter }
        return false
    }

    /// Whether an entry that is in memory now answers a caller that found none at `arrival`. As ``isRecentEnough``, but
    /// an entry from the very moment of the arrival may be the one that the caller has found and not accepted.
    func answersLate(_ entry: CurrentEntry, since arrival: ContinuousClock.Instant, _ expected: String?) -> Bool {
        if entry.asked > arrival { return true }
        return arrival - entry.asked < revalidateAfter && (expected == nil || entry.image?.version == expected)
    }

    private func joinFlight(
        _ path: ObjectKey, until limit: ContinuousClock.Instant?,
        unless answers: @escaping @Sendable (CurrentEntry) -> Bool
    ) async throws(ServiceError) -> CurrentEntry {
        let key = FlightKey(path: path, epoch: cache.epoch(of: path))
        let result: Result<CurrentEntry, StorageError>
        do {
            if let limit {
                result = try await wait(until: limit) {
                    try await flights.run(key) { await self.question(key, unless: answers) }
                }
            } else {
                result = try await flights.run(key) { await self.question(key, unless: answers) }
            }
        } catch {
            throw .cancelled
        }
        do {
            return try result.get()
        } catch {
            throw ServiceError(error)
        }
    }

    /// Asks the store, unless memory has an entry by now that answers the caller. It keeps the answer before the flight
    /// ends, so that the next flight finds it.
    private func question(
        _ key: FlightKey, unless answers: (CurrentEntry) -> Bool
    ) async -> Result<CurrentEntry, StorageError> {
        if let known = cache.current(key.path), answers(known) { return .success(known) }
        let asked = clock.now()
        do throws(StorageError) {
            let entry = CurrentEntry(image: try await lookUp(key.path), asked: asked)
            cache.setCurrent(key.path, entry, asked: key.epoch)
            return .success(entry)
        } catch {
            return .failure(error)
        }
    }

    /// Waits for the answer in a task of its own, so that a reader that gives up does not end the question.
    private func wait(
        until limit: ContinuousClock.Instant,
        _ work: @escaping @Sendable () async throws -> Result<CurrentEntry, StorageError>
    ) async throws -> Result<CurrentEntry, StorageError> {
        let (stream, continuation) = AsyncStream.makeStream(of: Result<CurrentEntry, StorageError>.self)
        Task {
            if let result = try? await work() { continuation.yield(result) }
            continuation.finish()
        }
        let timer = Task {
            try await clock.sleep(limit)
            continuation.yield(.failure(StorageError(.timedOut, during: .head, detail: "an old answer stands in")))
        }
        defer { timer.cancel() }
        for await result in stream { return result }
        throw CancellationError()
    }

    // MARK: Asking the store

    /// What the store has under this key now. Nil if there is nothing, or nothing that is a picture.
    private func lookUp(_ key: ObjectKey) async throws(StorageError) -> StoredImage? {
        for _ in 0..<Self.maximumLooks {
            do {
                let object = try await storage.head(key)
                // A known version is not inspected again.
                if let known = cache.current(key)?.image, known.etag == object.etag, known.depth > .signature {
                    return StoredImage(object: object, format: known.format, image: known.image, depth: known.depth)
                }
                return try await inspection.describe(object)
            } catch  where error.code == .notFound {
                return nil
            } catch  where error.code == .preconditionFailed {
                // Replaced between the two questions.
                continue
            }
        }
        throw StorageError(.conflict, during: .get, detail: "replaced each time while it was being read")
    }

    private static let maximumLooks = 4

    /// The same version, inspected at least to this depth: once for all who ask at the same time, and remembered.
    ///
    /// - Throws: ``ServiceError/preconditionFailed`` if that version is gone: locate again.
    func inspect(_ image: StoredImage, to depth: StoredImage.Depth) async throws(ServiceError) -> StoredImage {
        guard image.depth < depth else { return image }
        let path = image.object.key
        let epoch = cache.epoch(of: path)
        let result: Result<StoredImage?, StorageError>
        do {
            result = try await inspections.run(InspectionKey(image: image, depth: depth, epoch: epoch)) {
                await deepen(image, to: depth, asked: epoch)
            }
        } catch {
            throw .cancelled
        }
        do {
            guard let inspected = try result.get() else { throw ServiceError.notFound }
            return inspected
        } catch let error as StorageError {
            if error.code == .preconditionFailed || error.code == .notFound { cache.forgetCurrent(path) }
            throw ServiceError(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }

    private func deepen(
        _ image: StoredImage, to depth: StoredImage.Depth, asked epoch: WriteEpoch
    ) async -> Result<StoredImage?, StorageError> {
        do throws(StorageError) {
            var result = image
            if result.depth < .header {
                guard let read = try await inspection.readHeader(of: result.object) else { return .success(nil) }
                result = read
            }
            if result.depth < depth { result = try await inspection.readWhole(result) }
            let path = image.object.key
            if let entry = cache.current(path), entry.image?.etag == image.etag {
                cache.setCurrent(path, entry.with(result), asked: epoch)
            }
            return .success(result)
        } catch {
            return .failure(error)
        }
    }
}
