import HTTPServer
import HTTPTypes
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TaskSupport
import TextCoding

/// Answers GET and HEAD of originals and renditions that are fresh in memory: 200, 206 and 304. What is missing, old,
/// large or wrong goes the long way.
///
/// Conditions, ranges and heads are those of `Conditions`, `RangeRequest` and `Representation`, as on the long way.
/// Three things make that quick, each for more targets than the one before: a `CacheSnapshot` for those that this loop
/// is asked for all the time, a `CachedResponse` for each that any loop was asked for lately, and reading the target as
/// everybody does.
final class ImageFastPath: FastPath {
    private let service: ImageService
    private let reading: ImageReading
    private let policy: any RequestPolicy
    private let table: CachedResponseTable
    private var snapshots: CacheSnapshots
    private var accepts = GenerationalCache<ByteBuffer, Accept>(bytes: 64 << 10)
    private var lastAccept: (raw: ByteBuffer, accept: Accept)?
    /// Heads are written into it: mostly the last one has been copied, and its memory is free.
    private var head = ByteBuffer()
    /// From here on it is faster to let the kernel send from a file: one more call, and no copy.
    private static let leastSendableBytes = 64 << 10
    /// So often has a body to be sent within a look, a second at most, to be worth a file.
    private static let usesToBeSendable = 16

    private let noAccept = Accept(HTTPFields())

    /// A longer target is not worth the memory.
    private static let maximumTargetBytes = 1_024
    private static let maximumAcceptBytes = 512
    private static let acceptOverhead = 200
    /// A longer body is sent piece by piece, as the client takes it.
    private static let maximumBodyBytes: Int64 = 256 << 10

    /// - Parameter table: What the fast paths of a listener have in common.
    init(
        service: ImageService, configuration: ImagesConfiguration, policy: (any RequestPolicy)? = nil,
        table: CachedResponseTable? = nil
    ) {
        self.service = service
        self.policy = policy ?? KeylessPolicy(configuration)
        self.snapshots = CacheSnapshots(now: service.clock.now())
        self.reading = ImageReading(service: service, configuration: configuration)
        self.table = table ?? CachedResponseTable(service.requestMemory)
        service.requestMemory.change(by: CacheSnapshots.bytes)
    }

    deinit { self.service.requestMemory.change(by: -CacheSnapshots.bytes) }

    func answer(_ request: FastRequest) -> FastAnswer? {
        request.target.withUnsafeReadableBytes { target in
            guard target.count <= Self.maximumTargetBytes, let grant = self.policy.quickGrant(request) else {
                return nil
            }
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
    }

    /// What came of a request at one of the three.
    private enum Outcome {
        case answer(FastAnswer)
        /// The long way.
        case none
        /// Not known here, or not known any more.
        case notHere
        /// Known, but only a part is wanted.
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

    // MARK: Asked for all the time

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
        // Judged before it is looked for, which counts as a use.
        guard request.isHead || entry.length <= Self.maximumBodyBytes else { return .none }
        guard let file = snapshot.file() else { return .notHere }
        // A store may give bytes of another length the same tag.
        guard file.size == entry.length else { return .none }
        if request.isHead { return Self.outcome(200, snapshot.head) }
        self.noteUse(file, entry, snapshot.freshness)
        return Self.isSmall(file) ? Self.outcome(200, snapshot.head, file, 0..<file.size) : .none
    }

    /// Makes a file to send from of one that is sent often. Tried once in a second: where there is no room, there may
    /// be in the next.
    private func noteUse(_ file: FileInMemory, _ entry: CachedResponse, _ freshness: FreshUntil) {
        // Small ones are never counted: loops would take the count's line of memory from each other for nothing.
        guard file.size >= Self.leastSendableBytes, file.descriptor == nil else { return }
        if entry.countUse(at: freshness.age) == Self.usesToBeSendable { self.service.makeSendable(file) }
    }

    private func outcome(_ request: FastRequest, _ entry: CachedResponse) -> Conditions.Outcome {
        let now = Timestamp.now
        return Conditions(request.fields, now: now).evaluate(
            etag: entry.etag, isWeak: entry.isWeak, lastModified: entry.lastModified,
            range: Self.range(request, now), now: now)
    }

    /// Range has no meaning but for GET (RFC 9110, section 14.2).
    private static func range(_ request: FastRequest, _ now: Timestamp) -> RangeRequest? {
        request.isHead ? nil : RangeRequest(request.fields, now: now)
    }

    // MARK: Asked for lately

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

    /// - Parameter isKnown: Whether what is remembered of the target still holds.
    private func read(
        _ request: FastRequest, _ grant: RequestGrant, _ raw: UnsafeRawBufferPointer, hash: UInt64, isKnown: Bool
    ) -> FastAnswer? {
        guard let target = FastTarget(String(buffer: request.target), grant.renditions),
            let fresh = self.service.fresh(target.path)
        else { return nil }
        let image = fresh.resolved.image
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
        // Only the file tells the length of a rendition, and its format, as WebP may stand in for AVIF.
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
        // Asked as HEAD, which is answered with the same head: the body is not written by way of this response.
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

    // MARK: What is remembered

    private func remember(
        _ target: ByteBuffer, _ raw: UnsafeRawBufferPointer, _ hash: UInt64,
        _ asked: (accept: Accept?, grant: RequestGrant), _ fresh: FreshImage,
        _ rendition: (name: RenditionName, file: FileInMemory)?, _ representation: Representation
    ) -> CachedResponse? {
        let head = FastAnswer.encodeHead(representation.head(), .head)
        let notModifiedHead = FastAnswer.encodeHead(representation.notModified(), .get)
        guard let whole = self.table.shapes.shared(HeadShape(head)),
            let notModified = self.table.shapes.shared(HeadShape(notModifiedHead))
        else { return nil }
        let entry = CachedResponse(
            target, accept: asked.accept, grant: asked.grant,
            file: rendition?.name.file ?? self.service.fileName(of: fresh.resolved.image), serial: fresh.serial,
            fileSerial: rendition?.file.serial, representation, whole: whole, notModified: notModified)
        // What it would answer now must be what a handler answers: where a head has more in it that differs from one
        // answer to the next, or a second has just ended, it is not kept.
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
        // A copy: the other one is a part of what was read from the socket, and would keep all of it.
        self.accepts.set(
            ByteBuffer(bytes: raw.readableBytesView), accept, bytes: Self.acceptOverhead + raw.readableBytes)
        return accept
    }
}
