import HTTPServer
import HTTPTypes
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TaskSupport
import TextCoding

/// Answers GET and HEAD of originals and renditions that are fresh in memory: 200, 206 and 304. Missing, stale, large
/// or invalid ones take the normal path.
///
/// Conditions, ranges and heads come from `Conditions`, `RangeRequest` and `Representation`, as on the normal path.
/// Three steps make it fast, each for more targets than the one before:
/// - a `CacheSnapshot` for targets that this loop gets all the time;
/// - a `CachedResponse` for targets that any loop got recently;
/// - parsing the target as usual.
final class ImageFastPath: FastPath {
    private let service: ImageService
    private let reading: ImageReading
    private let policy: any RequestPolicy
    private let hitLimit: (any HitLimit)?
    private let table: CachedResponseTable
    private let crossOrigin: CrossOrigin?
    private var snapshots: CacheSnapshots
    private var accepts = GenerationalCache<ByteBuffer, Accept>(bytes: 64 << 10)
    private var lastAccept: (raw: ByteBuffer, accept: Accept)?
    /// The buffer for heads. Usually the last one has been copied, and its memory is free.
    private var head = ByteBuffer()
    /// From this size on, it is faster to let the kernel send from a file: one more call, and no copy.
    private static let leastSendableBytes = 64 << 10
    /// A body must be sent this often within one lookup period, a second at most, to be worth a file.
    private static let usesToBeSendable = 16

    private let noAccept = Accept(HTTPFields())

    /// A longer target is not worth the memory.
    private static let maximumTargetBytes = 1_024
    private static let maximumAcceptBytes = 512
    private static let acceptOverhead = 200
    /// A longer body is sent in pieces, as the client takes them.
    private static let maximumBodyBytes: Int64 = 256 << 10

    /// - Parameter table: What the fast paths of a listener share.
    init(
        service: ImageService, configuration: ImagesConfiguration, policy: any RequestPolicy,
        table: CachedResponseTable? = nil, now: @escaping WallClock = { Timestamp.now }
    ) {
        self.service = service
        self.policy = policy
        self.hitLimit = policy.hitLimit
        self.crossOrigin = CrossOrigin(configuration.origins)
        self.snapshots = CacheSnapshots(now: service.clock.now())
        self.reading = ImageReading(service: service, configuration: configuration, now: now)
        self.table = table ?? CachedResponseTable(service.requestMemory)
        service.requestMemory.change(by: CacheSnapshots.bytes)
    }

    deinit { self.service.requestMemory.change(by: -CacheSnapshots.bytes) }

    func answer(_ request: FastRequest) -> FastAnswer? {
        guard let answer = self.ready(request) else { return nil }
        // Only now, because the normal path counts what is not answered here.
        if let hitLimit, !hitLimit.admits(request) { return nil }
        return answer
    }

    private func ready(_ request: FastRequest) -> FastAnswer? {
        request.target.withUnsafeReadableBytes { target in
            guard target.count <= Self.maximumTargetBytes, let grant = self.policy.quickGrant(request) else {
                return nil
            }
            guard let crossOrigin else { return self.answer(request, grant, target) }
            guard var answer = self.answer(request, grant, target) else { return nil }
            answer.fields = crossOrigin.bytes(request.origin, isOpenRead: grant.isForEverybody)
            return answer
        }
    }

    private func answer(
        _ request: FastRequest, _ grant: RequestGrant, _ target: UnsafeRawBufferPointer
    ) -> FastAnswer? {
        // The rest of an image's lifetime is in the head, so that no head can be used again.
        if grant.lifetime != nil { return self.read(request, grant, target, hash: 0, isKnown: true) }
        let hash = self.table.hash(target)
        let now = self.service.clock.now()
        var isKnown = false
        if let snapshot = self.snapshots[hash], snapshot.freshness.lasts(at: now), snapshot.entry.isOf(target),
            snapshot.entry.grant === grant,
            snapshot.entry.accept == nil || snapshot.entry.accept == self.accept(request.accept)
        {
            switch self.answer(request, snapshot) {
            case .answer(let answer): return answer
            case .none: return nil
            case .notHere: break
            case .part: isKnown = true
            }
        }
        if !isKnown,
            let entry = self.table.entry(target, hash: hash, accept: self.accept(request.accept)),
            entry.grant === grant
        {
            switch self.answer(request, entry, hash: hash, now: now) {
            case .answer(let answer): return answer
            case .none: return nil
            case .notHere: break
            case .part: isKnown = true
            }
        }
        return self.read(request, grant, target, hash: hash, isKnown: isKnown)
    }

    /// The result of one of the three steps.
    private enum Outcome {
        case answer(FastAnswer)
        /// The request takes the normal path.
        case none
        /// Not known here, or no longer known.
        case notHere
        /// Known, but only a part is requested.
        case part
    }

    private static func outcome(
        _ status: Int, _ head: ByteBuffer, _ file: FileInMemory? = nil, _ range: Range<Int> = 0..<0
    ) -> Outcome {
        .answer(self.answer(status, head, file, range))
    }

    private static func answer(
        _ status: Int, _ head: ByteBuffer, _ file: FileInMemory? = nil, _ range: Range<Int> = 0..<0
    ) -> FastAnswer {
        FastAnswer(status: status, head: head, body: file.map { ($0, range) })
    }

    private static func isSmall(_ file: FileInMemory) -> Bool {
        (1...Self.maximumBodyBytes).contains(Int64(file.size))
    }

    // MARK: Requested all the time

    private func answer(_ request: FastRequest, _ snapshot: CacheSnapshot) -> Outcome {
        let entry = snapshot.entry
        if !request.fields.isEmpty {
            switch self.outcome(request, entry) {
            case .proceed: break
            case .partial:
                if let file = snapshot.file() { self.noteUse(file, entry, snapshot.freshness) }
                return .part
            case .notModified: return Self.outcome(304, snapshot.notModifiedHead())
            case .preconditionFailed: return .none
            }
        }
        // The length of an original is known without its bytes.
        if request.isHead, entry.fileSerial == nil { return Self.outcome(200, snapshot.head) }
        // Checked before the lookup, which counts as a use.
        guard request.isHead || entry.length <= Self.maximumBodyBytes else { return .none }
        guard let file = snapshot.file() else { return .notHere }
        // A store may give the same tag to bytes of another length.
        guard file.size == entry.length else { return .none }
        if request.isHead { return Self.outcome(200, snapshot.head) }
        self.noteUse(file, entry, snapshot.freshness)
        return Self.isSmall(file) ? Self.outcome(200, snapshot.head, file, 0..<file.size) : .none
    }

    /// Makes a file to send from if a file is sent often. Tried once per second: if there is no space now, there may be
    /// some in the next.
    private func noteUse(_ file: FileInMemory, _ entry: CachedResponse, _ freshness: FreshUntil) {
        // Small ones are never counted: the loops would take the counter's cache line from each other for nothing.
        guard file.size >= Self.leastSendableBytes, file.descriptor == nil else { return }
        if entry.countUse(at: freshness.age) == Self.usesToBeSendable { self.service.makeSendable(file) }
    }

    private func outcome(_ request: FastRequest, _ entry: CachedResponse) -> Conditions.Outcome {
        let now = Timestamp.now
        return Conditions(request.fields, now: now).evaluate(
            etag: entry.etag, isWeak: entry.isWeak, lastModified: entry.lastModified,
            range: Self.range(request, now), now: now)
    }

    /// Range only has a meaning for GET (RFC 9110, section 14.2).
    private static func range(_ request: FastRequest, _ now: Timestamp) -> RangeRequest? {
        request.isHead ? nil : RangeRequest(request.fields, now: now)
    }

    // MARK: Requested recently

    private func answer(
        _ request: FastRequest, _ entry: CachedResponse, hash: UInt64, now: ContinuousClock.Instant
    ) -> Outcome {
        if !request.isHead, request.fields.isEmpty, entry.length > Self.maximumBodyBytes { return .none }
        guard let fresh = self.service.fresh(entry.file) else { return .none }
        guard fresh.serial == entry.serial, let values = entry.values(fresh.freshness) else { return .notHere }
        if let serial = entry.fileSerial, let file = fresh.file, file.serial != serial { return .notHere }
        if self.snapshots.isWorthOne(hash, now: now) {
            self.snapshots.keep(CacheSnapshot(hash, entry, fresh, values))
        }
        if !request.fields.isEmpty {
            switch self.outcome(request, entry) {
            case .proceed: break
            case .partial:
                if let file = fresh.file { self.noteUse(file, entry, fresh.freshness) }
                return .part
            case .notModified: return Self.outcome(304, self.head(entry.notModified, values))
            case .preconditionFailed: return .none
            }
        }
        if request.isHead, entry.fileSerial == nil { return Self.outcome(200, self.head(entry.whole, values)) }
        guard let file = fresh.file, file.size == entry.length else { return .none }
        if request.isHead { return Self.outcome(200, self.head(entry.whole, values)) }
        guard Self.isSmall(file) else { return .none }
        self.noteUse(file, entry, fresh.freshness)
        return Self.outcome(200, self.head(entry.whole, values), file, 0..<file.size)
    }

    private func head(_ shape: HeadShape, _ values: HeadShape.Values) -> ByteBuffer {
        self.head.clear()
        shape.write(values, into: &self.head)
        return self.head
    }

    // MARK: Everything else

    /// - Parameter isKnown: Whether the cached response of the target is still valid, or none can be.
    private func read(
        _ request: FastRequest, _ grant: RequestGrant, _ raw: UnsafeRawBufferPointer, hash: UInt64, isKnown: Bool
    ) -> FastAnswer? {
        guard let target = FastTarget(String(buffer: request.target), grant.renditions),
            let fresh = self.service.fresh(target.path)
        else { return nil }
        let image = fresh.resolved.image
        guard self.reading.isAlive(image, grant) else { return nil }
        if let version = target.query.version, version != image.version { return nil }
        var (accept, name): (Accept?, RenditionName?)
        if target.variance.isNegotiable {
            guard let known = self.accept(request.accept) else { return nil }
            accept = known
        }
        if let request = target.query.rendition {
            let spec = request.spec(for: image, accept: accept ?? self.noAccept, savesData: false)
            guard let known = self.service.renditionName(image, spec) else { return nil }
            name = known
        }
        var representation = self.representation(target, fresh.resolved, name, grant)
        let now = Timestamp.now
        var wanted: ByteRange?
        switch Conditions(request.fields, now: now).evaluate(
            etag: representation.etag, isWeak: representation.isWeak, lastModified: representation.lastModified,
            range: Self.range(request, now), now: now)
        {
        case .proceed: break
        case .partial(let range): wanted = range
        case .notModified: return Self.answer(304, FastAnswer.encodeHead(representation.notModified(), .get))
        case .preconditionFailed: return nil
        }
        guard let name else {
            let entry =
                isKnown ? nil : self.remember(request.target, raw, hash, (accept, grant), fresh, nil, representation)
            if request.isHead { return Self.answer(200, FastAnswer.encodeHead(representation.head(), .head)) }
            guard representation.length <= Self.maximumBodyBytes, let file = self.service.inMemory(image) else {
                return nil
            }
            if let entry { self.noteUse(file, entry, fresh.freshness) }
            return self.answer(file, wanted, representation)
        }
        guard let file = self.service.inMemory(name) else { return nil }
        // Only the file has a rendition's length and format, because WebP may replace AVIF.
        if let format = file.format { representation.contentType = format.capabilities.mediaType }
        representation.length = Int64(file.size)
        let entry =
            isKnown
            ? nil
            : self.remember(
                request.target, raw, hash, (accept, grant), fresh, (name, file), representation)
        if request.isHead { return Self.answer(200, FastAnswer.encodeHead(representation.head(), .head)) }
        if let entry { self.noteUse(file, entry, fresh.freshness) }
        return self.answer(file, wanted, representation)
    }

    private func answer(
        _ file: FileInMemory, _ wanted: ByteRange?, _ representation: Representation
    ) -> FastAnswer? {
        guard Self.isSmall(file) else { return nil }
        guard let wanted else {
            return Self.answer(200, FastAnswer.encodeHead(representation.head(), .head), file, 0..<file.size)
        }
        guard let part = wanted.resolve(size: representation.length) else { return nil }
        // Encoded as for HEAD, which has the same head: this response does not write the body.
        let head = FastAnswer.encodeHead(representation.part(part, .none), .head)
        return Self.answer(206, head, file, Int(part.lowerBound)..<Int(part.upperBound))
    }

    private func representation(
        _ target: FastTarget, _ resolved: ResolvedImage, _ rendition: RenditionName?,
        _ grant: RequestGrant
    ) -> Representation {
        guard let rendition else {
            return self.reading.representation(of: resolved, version: target.query.version, grant)
        }
        return self.reading.representation(
            of: resolved, as: rendition.format, tag: rendition.tag, version: target.query.version,
            variance: target.variance,
            grant: grant)
    }

    // MARK: Caching

    private func remember(
        _ target: ByteBuffer, _ raw: UnsafeRawBufferPointer, _ hash: UInt64,
        _ asked: (accept: Accept?, grant: RequestGrant), _ fresh: FreshImage,
        _ rendition: (name: RenditionName, file: FileInMemory)?, _ representation: Representation
    ) -> CachedResponse? {
        let head = FastAnswer.encodeHead(representation.head(), .head)
        let notModifiedHead = FastAnswer.encodeHead(representation.notModified(), .get)
        let whole = self.table.shapes.shared(HeadShape(head))
        let notModified = self.table.shapes.shared(HeadShape(notModifiedHead))
        let entry = CachedResponse(
            target, accept: asked.accept, grant: asked.grant,
            file: rendition?.name.file ?? self.service.fileName(of: fresh.resolved.image), serial: fresh.serial,
            fileSerial: rendition?.file.serial, representation, whole: whole, notModified: notModified)
        // The cached response must equal what a handler answers. If the head has other values that differ between
        // responses, or if a second has just ended, it is not kept.
        guard let values = entry.values(fresh.freshness), self.head(whole, values) == head,
            self.head(notModified, values) == notModifiedHead
        else { return nil }
        self.table.set(entry, raw, hash: hash)
        return entry
    }

    private func accept(_ raw: ByteBuffer?) -> Accept? {
        guard let raw else { return self.noAccept }
        if let lastAccept, lastAccept.raw == raw { return lastAccept.accept }
        guard raw.readableBytes <= Self.maximumAcceptBytes else { return nil }
        let accept = self.readAccept(raw)
        self.lastAccept = (ByteBuffer(bytes: raw.readableBytesView), accept)
        return accept
    }

    private func readAccept(_ raw: ByteBuffer) -> Accept {
        if let known = self.accepts.value(for: raw) { return known }
        let accept = Accept([.accept: String(buffer: raw)])
        // A copy: the original is a slice of what was read from the socket, and would keep all of it in memory.
        self.accepts.set(
            ByteBuffer(bytes: raw.readableBytesView), accept, bytes: Self.acceptOverhead + raw.readableBytes)
        return accept
    }
}
