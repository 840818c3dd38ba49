import ImageCache
import ImageCodecs
import ImageModel
import NIOCore
import ObjectStorage

/// What the store last said of a path, and when it was asked.
struct CurrentEntry: Sendable {
    /// Nil: there is no such picture.
    var image: StoredImage?
    /// The moment the question was sent: freshness counts from here.
    var asked: ContinuousClock.Instant
}

/// How an answer came about, for `Cache-Status` and the metrics.
public enum Freshness: Sendable, Hashable {
    /// From memory, within the bound.
    case hit
    /// The store was asked for it.
    case miss
    /// Memory was too old, and the store said that it still holds.
    case revalidated
    /// Memory is too old, and stands in because the store is away.
    case stale
}

/// A picture that was found, and how.
public struct Located: Sendable {
    public var image: StoredImage
    public var freshness: Freshness
}

/// Answers "which version has this path now?" from memory where the answer is young enough, else from the store, with
/// one question per path at a time.
struct CurrentImages: Sendable {
    typealias Cache = ImageCache<CurrentEntry>

    struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        var epoch: WriteEpoch
    }

    let storage: any ObjectStorage
    let cache: Cache
    let health: StorageHealth
    /// How old an answer may be without being asked again.
    let revalidateAfter: Duration
    /// How much longer it may stand in while the store is away.
    let staleFor: Duration
    private let flights = SingleFlight<FlightKey, Result<CurrentEntry, StorageError>>()
    private let clock = ContinuousClock()

    /// A reader that holds an old answer waits no longer than this for a new one.
    private static let patience = Duration.seconds(1)

    init(
        storage: any ObjectStorage, cache: Cache, health: StorageHealth, revalidateAfter: Duration, staleFor: Duration
    ) {
        self.storage = storage
        self.cache = cache
        self.health = health
        self.revalidateAfter = revalidateAfter
        self.staleFor = staleFor
    }

    /// The entry in memory, where it is young enough to be believed.
    func fresh(_ path: ObjectKey) -> CurrentEntry? {
        guard let entry = cache.current(path), isFresh(entry) else { return nil }
        return entry
    }

    func isFresh(_ entry: CurrentEntry) -> Bool {
        clock.now - entry.asked < revalidateAfter
    }

    /// The entry in memory, where it may stand in for a store that is away.
    func usableStale(_ path: ObjectKey) -> CurrentEntry? {
        guard let entry = cache.current(path), entry.image != nil,
            clock.now - entry.asked < revalidateAfter + staleFor
        else { return nil }
        return entry
    }

    /// The path's current version.
    ///
    /// - Parameter expected: the version a URL names. Where memory knows another one, the store is asked at once.
    func locate(_ path: ImagePath, expecting expected: String? = nil) async throws(ServiceError) -> Located {
        if let entry = fresh(path.key), expected == nil || entry.image?.version == expected {
            return Located(image: try present(entry), freshness: .hit)
        }
        let stale = usableStale(path.key)
        do {
            let entry = try await ask(path.key, expected, patience: stale == nil ? nil : Self.patience)
            let image = try present(entry)
            return Located(image: image, freshness: image.etag == stale?.image?.etag ? .revalidated : .miss)
        } catch .storage(let error) where error.isOutage {
            guard let image = stale?.image else { throw .storage(error) }
            return Located(image: image, freshness: .stale)
        }
    }

    private func present(_ entry: CurrentEntry) throws(ServiceError) -> StoredImage {
        guard let image = entry.image else { throw .notFound }
        return image
    }

    /// Asks the store, together with whoever else is asking. Gives up waiting after `patience`; the question goes on.
    private func ask(
        _ path: ObjectKey, _ expected: String?, patience: Duration?
    ) async throws(ServiceError) -> CurrentEntry {
        let arrival = clock.now
        while true {
            let entry = try await joinFlight(path, patience: patience)
            if isNews(entry.image?.version, asked: entry.asked, to: arrival, expected) { return entry }
        }
    }

    /// Whether an answer tells a request enough that came at `arrival`. One to a question that was sent long before
    /// tells nothing about now; and where it is not the version that the URL names, that one may have been written
    /// after any question that was sent before.
    func isNews(
        _ version: String?, asked: ContinuousClock.Instant, to arrival: ContinuousClock.Instant, _ expected: String?
    ) -> Bool {
        guard let expected, version != expected else { return arrival - asked < revalidateAfter }
        return asked >= arrival
    }

    private func joinFlight(_ path: ObjectKey, patience: Duration?) async throws(ServiceError) -> CurrentEntry {
        let key = FlightKey(path: path, epoch: cache.epoch(of: path))
        let result: Result<CurrentEntry, StorageError>
        do {
            if let patience {
                // While the store is known to be away nobody waits: the question only finds out when it is back.
                let limit = health.isAway ? .zero : patience
                result = try await waitAtMost(limit) {
                    try await flights.run(key) { await self.question(key) }
                }
            } else {
                result = try await flights.run(key) { await self.question(key) }
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

    private func question(_ key: FlightKey) async -> Result<CurrentEntry, StorageError> {
        let asked = clock.now
        do throws(StorageError) {
            let entry = CurrentEntry(image: try await lookUp(key.path), asked: asked)
            cache.setCurrent(key.path, entry, asked: key.epoch)
            return .success(entry)
        } catch {
            return .failure(error)
        }
    }

    /// Asks for the answer in a task of its own, so that a reader that gives up does not end the question.
    private func waitAtMost(
        _ limit: Duration,
        _ work: @escaping @Sendable () async throws -> Result<CurrentEntry, StorageError>
    ) async throws -> Result<CurrentEntry, StorageError> {
        let (stream, continuation) = AsyncStream.makeStream(of: Result<CurrentEntry, StorageError>.self)
        Task {
            if let result = try? await work() { continuation.yield(result) }
            continuation.finish()
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            continuation.yield(.failure(StorageError(.timedOut, during: .head, detail: "an old answer stands in")))
        }
        defer { timer.cancel() }
        for await result in stream { return result }
        throw CancellationError()
    }

    // MARK: Asking the store

    /// What the store has under this key now; nil for nothing, or nothing that is a picture.
    private func lookUp(_ key: ObjectKey) async throws(StorageError) -> StoredImage? {
        do {
            let object = try await storage.head(key)
            return try await describe(object)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// What this object is: by its record, else by its first bytes.
    private func describe(_ object: ObjectInfo) async throws(StorageError) -> StoredImage? {
        if let image = ImageRecord(object.metadata).image {
            return StoredImage(object: object, format: image.format, image: image)
        }
        return try await probe(object)
    }

    /// The same version with what its header tells, where it can be read.
    func probe(_ image: StoredImage) async throws(ServiceError) -> StoredImage {
        do {
            guard let probed = try await probe(image.object) else { throw ServiceError.notFound }
            return probed
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .defect(error)
        }
    }

    /// Reads the beginning of an object that came by another way, further where its header is long.
    private func probe(_ object: ObjectInfo) async throws(StorageError) -> StoredImage? {
        for length in Self.probeLengths {
            guard object.size > 0 else { return nil }
            let head: ByteBuffer
            do {
                let options = GetOptions(range: .closed(first: 0, last: Int64(length - 1)), ifMatch: object.etag)
                head = try await storage.get(object.key, options: options).body.collect(upTo: length)
            } catch let error as StorageError {
                // Replaced in between: the next question finds the new one.
                throw error.code == .preconditionFailed
                    ? StorageError(.unavailable, during: .get, detail: "replaced while it was being read") : error
            } catch {
                throw StorageError(.badAnswer, during: .get, cause: error)
            }
            guard let format = ImageFormat.detect(head.readableBytesSpan) else { return nil }
            do {
                let image = try ImageHeader.read(head.readableBytesSpan, limits: Self.unlimited)
                return StoredImage(object: object, format: format, image: image)
            } catch .truncated where Int64(length) < object.size && length != Self.probeLengths.last {
                continue
            } catch {
                return StoredImage(object: object, format: format, image: nil)
            }
        }
        return nil
    }

    /// Telling what a foreign file is takes no memory for its pixels.
    private static let unlimited = CodecLimits(
        maximumPixels: .max, maximumFrames: .max, maximumProfileBytes: 16 << 20, maximumScans: .max)

    /// Most headers end in the first; EXIF with a thumbnail and a large profile in the second; the last is where
    /// uploads stop looking as well.
    private static let probeLengths = [64 << 10, 1 << 20, 8 << 20]
}
