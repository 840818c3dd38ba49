import ImageCache
import ImageCodecs
import ImageModel
import NIOConcurrencyHelpers
import NIOCore
public import ObjectStorage
import TaskSupport

/// A picture with its bytes, or a range of them, as a stream.
public struct OpenedImage: Sendable {
    /// The version that the bytes belong to.
    public var resolved: ResolvedImage
    /// The bytes in the body.
    public var range: Range<Int64>
    /// The bytes of ``range``.
    public var body: ObjectBody
    /// Whether all bytes are in memory.
    public var isHit = false
    /// To be kept until the last byte is sent.
    public var hold: AnswerHold?
}

/// Reads stored pictures from memory or from the store. A small picture is read once for all who ask at the same time.
/// A large one is streamed to each reader and not cached.
struct Originals: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let current: CurrentImages
    private let answers: AnswerMemory

    /// The result of the shared read.
    private enum Opening: Sendable {
        case absent
        /// Every reader follows it.
        case shared(StoredImage, FillingBody)
        /// The first reader takes it; the others open their own.
        case single(StoredImage, OneTake<ObjectBody>)
        /// An earlier shared read has found this version, so that nothing had to be read.
        case known(StoredImage)
    }

    private struct Landed: Sendable {
        var opening: Result<Opening, StorageError>
        var asked: ContinuousClock.Instant
    }

    private struct FlightKey: Hashable, Sendable {
        var path: ObjectKey
        /// Only this version; nil: whichever is there now.
        var etag: ETag?
        var epoch: WriteEpoch
    }

    private let flights = SingleFlight<FlightKey, Landed>()

    init(storage: any ObjectStorage, cache: CurrentImages.Cache, current: CurrentImages, answers: AnswerMemory) {
        self.storage = storage
        self.cache = cache
        self.current = current
        self.answers = answers
    }

    /// The whole picture in its current version. If nothing is known yet, this is one question to the store.
    ///
    /// - Parameter client: receives it.
    func openWhole(
        _ path: ImagePath, expecting expected: String?, for client: ClientIdentity
    ) async throws(ServiceError) -> OpenedImage {
        // If the body is in memory, at most a revalidation is needed, and no body from the store.
        if let known = cache.current(path.key)?.image, cache.contains(path.key, known.etag, .original) {
            return try await open(try await current.locate(path, expecting: expected), range: nil, for: client)
        }
        if let entry = current.fresh(path.key), expected == nil || entry.image?.version == expected {
            guard let image = entry.image else { throw .notFound }
            return try await open(
                ResolvedImage(image: image, freshness: .hit, asked: entry.asked), range: nil, for: client)
        }
        return try await joinRead(path.key, expecting: expected, since: current.clock.now(), for: client)
    }

    /// The whole picture by one read of the store for all who ask.
    ///
    /// - Parameter arrival: when the caller found that memory does not answer it. The read of others may have ended
    ///   since. So the one that this caller then begins looks into memory again first.
    func joinRead(
        _ path: ObjectKey, expecting expected: String?, since arrival: ContinuousClock.Instant,
        for client: ClientIdentity
    ) async throws(ServiceError) -> OpenedImage {
        while true {
            let key = FlightKey(path: path, etag: nil, epoch: cache.epoch(of: path))
            let landed = try await join(key) {
                guard let entry = cache.current(path), current.answersLate(entry, since: arrival, expected) else {
                    return nil
                }
                return Landed(opening: .success(entry.image.map { .known($0) } ?? .absent), asked: entry.asked)
            }
            switch landed.opening {
            case .success(.absent):
                guard current.isRecentEnough(nil, asked: landed.asked, to: arrival, expected) else { continue }
                throw .notFound
            case .success(.shared(let image, _)), .success(.single(let image, _)):
                guard current.isRecentEnough(image.version, asked: landed.asked, to: arrival, expected) else {
                    continue
                }
                let asked = landed.asked < arrival ? landed.asked : nil
                return try await opened(
                    landed, ResolvedImage(image: image, freshness: .miss, asked: asked), for: client)
            case .success(.known(let image)):
                guard current.isRecentEnough(image.version, asked: landed.asked, to: arrival, expected) else {
                    continue
                }
                let asked = landed.asked < arrival ? landed.asked : nil
                return try await open(
                    ResolvedImage(image: image, freshness: .miss, asked: asked), range: nil, for: client)
            case .failure(let error): throw ServiceError(error)
            }
        }
    }

    /// This version, or a range of it. If it is gone meanwhile: ``ServiceError/preconditionFailed`` or
    /// ``ServiceError/notFound``, and what is known of the path is forgotten.
    ///
    /// - Parameter client: receives it; nil if it is read for work that counts it already.
    func open(
        _ resolved: ResolvedImage, range: ByteRange?, for client: ClientIdentity?
    ) async throws(ServiceError) -> OpenedImage {
        let image = resolved.image
        let path = image.object.key
        var bytes = 0..<image.size
        if let range {
            guard let part = range.resolve(size: image.size) else { throw .rangeNotSatisfiable(size: image.size) }
            bytes = part
        }
        if let hit = inMemory(resolved, bytes) { return hit }
        if range == nil, image.size <= Int64(cache.maximumBodyBytes) {
            if let filling = cache.filling(path, image.etag, .original), let body = filling.stream() {
                return OpenedImage(resolved: resolved, range: bytes, body: body, hold: AnswerHold(filling))
            }
            // It may have been completed between the two look-ups.
            if let hit = inMemory(resolved, bytes) { return hit }
            let landed = try await join(FlightKey(path: path, etag: image.etag, epoch: cache.epoch(of: path))) {
                // Another read may have begun or ended since.
                guard cache.filling(path, image.etag, .original) != nil || cache.contains(path, image.etag, .original)
                else { return nil }
                return Landed(opening: .success(.known(image)), asked: current.clock.now())
            }
            return try await opened(landed, resolved, for: client)
        }
        let hold = try await admit(bytes, for: client)
        return OpenedImage(
            resolved: resolved, range: bytes, body: try await read(image, range, bytes), hold: hold)
    }

    /// Reserves memory for the buffers of one stream.
    private func admit(_ range: Range<Int64>, for client: ClientIdentity?) async throws(ServiceError) -> AnswerHold? {
        guard let client else { return nil }
        let bytes = min(range.count, storage.capabilities.streamBytes)
        return AnswerHold(try await answers.admit(bytes, for: client))
    }

    private func inMemory(_ resolved: ResolvedImage, _ range: Range<Int64>) -> OpenedImage? {
        let image = resolved.image
        guard let cached = cache.body(image.object.key, image.etag, .original), Int64(cached.size) == image.size else {
            return nil
        }
        let body = cached.stream(Int(range.lowerBound)..<Int(range.upperBound))
        return OpenedImage(resolved: resolved, range: range, body: body, isHit: true, hold: AnswerHold(cached))
    }

    /// One reader's answer from the shared read.
    private func opened(
        _ landed: Landed, _ resolved: ResolvedImage, for client: ClientIdentity?
    ) async throws(ServiceError) -> OpenedImage {
        let image = resolved.image
        switch landed.opening {
        case .success(.absent): throw .notFound
        case .success(.shared(_, let filling)):
            if let body = filling.stream() {
                return OpenedImage(resolved: resolved, range: 0..<image.size, body: body, hold: AnswerHold(filling))
            }
            // The read has ended before this reader got its turn, so the bytes may be in memory.
            if let hit = inMemory(resolved, 0..<image.size) { return hit }
        case .success(.known):
            if let filling = cache.filling(image.object.key, image.etag, .original), let body = filling.stream() {
                return OpenedImage(resolved: resolved, range: 0..<image.size, body: body, hold: AnswerHold(filling))
            }
            if let hit = inMemory(resolved, 0..<image.size) { return hit }
        case .success(.single(_, let body)):
            let hold = try await admit(0..<image.size, for: client)
            if let body = body.take() {
                return OpenedImage(resolved: resolved, range: 0..<image.size, body: body, hold: hold)
            }
            return OpenedImage(
                resolved: resolved, range: 0..<image.size, body: try await read(image, nil, 0..<image.size), hold: hold)
        case .failure(let error):
            forgetIfGone(image.object.key, error)
            throw ServiceError(error)
        }
        let hold = try await admit(0..<image.size, for: client)
        return OpenedImage(
            resolved: resolved, range: 0..<image.size, body: try await read(image, nil, 0..<image.size), hold: hold)
    }

    /// A stream from the store for this reader alone.
    private func read(
        _ image: StoredImage, _ range: ByteRange?, _ bytes: Range<Int64>
    ) async throws(ServiceError) -> ObjectBody {
        do throws(StorageError) {
            let got = try await storage.get(image.object.key, options: GetOptions(range: range, ifMatch: image.etag))
            guard got.range == bytes, got.info.size == image.size else {
                throw StorageError(.badAnswer, during: .get, detail: "another range than the requested one")
            }
            return got.body
        } catch {
            forgetIfGone(image.object.key, error)
            throw ServiceError(error)
        }
    }

    private func forgetIfGone(_ path: ObjectKey, _ error: StorageError) {
        if error.code == .preconditionFailed || error.code == .notFound { cache.forgetCurrent(path) }
    }

    /// All bytes of this version in memory, for work that needs them at once.
    func bytes(of resolved: ResolvedImage, limit: Int) async throws(ServiceError) -> ByteBuffer {
        let opened = try await open(resolved, range: nil, for: nil)
        do {
            return try await opened.body.collect(upTo: limit, reserving: Int(resolved.image.size))
        } catch let error as StorageError {
            throw ServiceError(error)
        } catch {
            throw .cancelled
        }
    }

    // MARK: The shared read

    /// - Parameter known: asked when this caller's read begins: what memory has by then, if that answers it.
    private func join(
        _ key: FlightKey, orUse known: @escaping @Sendable () -> Landed?
    ) async throws(ServiceError) -> Landed {
        do {
            return try await flights.run(key) {
                if let known = known() { return known }
                return await fetch(key)
            }
        } catch {
            throw .cancelled
        }
    }

    private func fetch(_ key: FlightKey) async -> Landed {
        let asked = current.clock.now()
        do throws(StorageError) {
            return Landed(opening: .success(try await ask(key, asked: asked)), asked: asked)
        } catch  where error.code == .notFound && key.etag == nil {
            cache.setCurrent(key.path, CurrentEntry(image: nil, asked: asked), asked: key.epoch)
            return Landed(opening: .success(.absent), asked: asked)
        } catch {
            return Landed(opening: .failure(error), asked: asked)
        }
    }

    private func ask(_ key: FlightKey, asked: ContinuousClock.Instant) async throws(StorageError) -> Opening {
        var got = try await storage.get(key.path, options: GetOptions(ifMatch: key.etag))
        guard got.range == 0..<got.info.size else {
            throw StorageError(.badAnswer, during: .get, detail: "a part instead of the whole object")
        }
        let image: StoredImage
        if let known = cache.current(key.path)?.image, known.etag == got.info.etag, known.depth > .signature {
            // This version was inspected before.
            image = StoredImage(object: got.info, format: known.format, image: known.image, depth: known.depth)
        } else if let recorded = ImageRecord(got.info).image {
            image = StoredImage(object: got.info, format: recorded.format, image: recorded)
        } else {
            let peek = try await Peek.format(of: got.body)
            got.body = peek.body
            guard let format = peek.format else {
                cache.setCurrent(key.path, CurrentEntry(image: nil, asked: asked), asked: key.epoch)
                return .absent
            }
            image = StoredImage(object: got.info, format: format, image: nil)
        }
        // Last: a reader that finds the version but no body being filled would ask the store for the bytes again.
        defer { cache.setCurrent(key.path, CurrentEntry(image: image, asked: asked), asked: key.epoch) }
        guard let reservation = cache.reserve(key.path, .original, bytes: Int(clamping: image.size)) else {
            return .single(image, OneTake(got.body))
        }
        return .shared(
            image, cache.fill(key.path, image.etag, .original, from: got.body, in: reservation, asked: key.epoch))
    }
}

/// The first bytes of a body, read without being lost for later readers.
private enum Peek {
    static func format(of body: ObjectBody) async throws(StorageError) -> (format: ImageFormat?, body: ObjectBody) {
        var head: ByteBuffer?
        var format: ImageFormat?
        let rest = PulledBody(body)
        do {
            // The first chunk is mostly enough, and is passed on as it came. But a signature may be split between
            // chunks.
            var wanted = 1
            reading: while let chunk = try await rest.next() {
                head.setOrWriteImmutableBuffer(chunk)
                guard let bytes = head, bytes.readableBytes >= wanted else { continue }
                switch ImageFormat.detect(prefix: bytes.readableBytesSpan) {
                case .format(let found):
                    format = found
                    break reading
                case .notAnImage: break reading
                case .needs(let count): wanted = count
                }
            }
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.cancelled, during: .get, cause: error)
        }
        let bytes = head ?? ByteBuffer()
        let whole = ObjectBody {
            var first: ByteBuffer? = bytes.readableBytes > 0 ? bytes : nil
            return {
                if let chunk = first {
                    first = nil
                    return chunk
                }
                return try await rest.next()
            }
        }
        return (format, whole)
    }
}

/// A body whose read began here and continues elsewhere.
///
/// `@unchecked Sendable`: the iterator is used by one task at a time, first by the one that peeks, then by the one that
/// reads the body; the hand-over itself orders the two.
private final class PulledBody: @unchecked Sendable {
    private var iterator: ObjectBody.AsyncIterator

    init(_ body: ObjectBody) {
        iterator = body.makeAsyncIterator()
    }

    func next() async throws -> ByteBuffer? {
        try await iterator.next()
    }
}

/// A value that only the first caller gets.
final class OneTake<Value: Sendable>: Sendable {
    private let value: NIOLockedValueBox<Value?>

    init(_ value: Value) {
        self.value = NIOLockedValueBox(value)
    }

    func take() -> Value? {
        value.withLockedValue { value in
            defer { value = nil }
            return value
        }
    }
}
