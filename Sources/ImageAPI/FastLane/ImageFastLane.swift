import HTTPTypes
import ImageService
import NIOCore
import ObjectStorage

/// Answers GET and HEAD of originals and renditions that are fresh in memory: 200, 206 and 304. What is missing, old,
/// large or wrong goes the long way.
///
/// Conditions, ranges and heads are those of `Conditions`, `RangeRequest` and `Representation`, as on the long way.
final class ImageFastLane: FastLane {
    private let service: ImageService
    private let reading: ImageReading
    private var targets = RecentMemo<ByteBuffer, FastTarget>(bytes: 4 << 20)
    private var accepts = RecentMemo<ByteBuffer, Accept>(bytes: 64 << 10)
    /// From here on it is faster to let the kernel send from a file: one more call, and no copy.
    private static let leastSendableBytes = 64 << 10
    /// So often has a body to be sent within a look, a second at most, to be worth a file.
    private static let usesToBeSendable = 16

    private var looks: UInt64 = 0
    private let noAccept = Accept(HTTPFields())

    /// A longer target is not worth the memory.
    private static let maximumTargetBytes = 1_024
    private static let maximumAcceptBytes = 512
    /// What one target takes beside its own text, with three forms and their heads: generously counted.
    private static let targetOverhead = 6 << 10
    private static let acceptOverhead = 200
    /// A longer body is sent piece by piece, as the client takes it.
    private static let maximumBodyBytes: Int64 = 256 << 10

    init(service: ImageService, configuration: ImagesConfiguration) {
        self.service = service
        self.reading = ImageReading(service: service, configuration: configuration)
    }

    func answer(_ request: FastRequest) -> FastAnswer? {
        guard let target = self.target(request.target), let look = self.look(target) else { return nil }
        let accept: Accept?
        if target.variance.isNegotiable {
            guard let known = self.accept(request.accept) else { return nil }
            accept = known
        } else {
            accept = nil
        }
        guard let form = target.form(at: look, accept: accept, make: { self.makeForm(target, look, accept) }) else {
            return nil
        }
        form.renew(look) { self.representation(target, look.fresh.located, form.rendition) }
        return self.answer(request, form)
    }

    /// The last look, or a new one. A look takes the lock of a part of the cache, which all event loops share: one that
    /// waits for it waits for as long as the thread that has it is not running.
    private func look(_ target: FastTarget) -> FastLook? {
        if let look = target.look, look.fresh.lasts(at: .now) { return look }
        self.looks += 1
        target.look = self.service.fresh(target.path).map { FastLook(number: self.looks, fresh: $0) }
        return target.look
    }

    private func answer(_ request: FastRequest, _ form: FastForm) -> FastAnswer? {
        var wanted: ByteRange?
        if !request.fields.isEmpty {
            let now = Timestamp.now
            // Range has no meaning but for GET (RFC 9110, section 14.2).
            let range = request.isHead ? nil : RangeRequest(request.fields, now: now)
            switch Conditions(request.fields, now: now).evaluate(
                etag: form.representation.etag, isWeak: form.representation.isWeak,
                lastModified: form.representation.lastModified, range: range, now: now)
            {
            case .proceed: break
            case .partial(let range): wanted = range
            case .notModified: return Self.answer(304, form.notModifiedHead())
            case .preconditionFailed: return nil
            }
        }
        // The length of an original is known without its bytes.
        if request.isHead, form.rendition == nil { return Self.answer(200, form.wholeHead()) }
        guard let file = self.file(form) else { return nil }
        form.adopt(file)
        if request.isHead { return Self.answer(200, form.wholeHead()) }
        guard let wanted else { return Self.answer(200, form.wholeHead(), file, 0..<file.size) }
        guard let part = wanted.resolve(size: form.representation.length) else { return nil }
        return Self.answer(206, form.partHead(part), file, Int(part.lowerBound)..<Int(part.upperBound))
    }

    private static func answer(
        _ status: Int, _ head: ByteBuffer, _ file: FileInMemory? = nil, _ range: Range<Int> = 0..<0
    ) -> FastAnswer {
        FastAnswer(status: status, head: head, body: file.map { ($0, range) }, notes: .imageHit)
    }

    private func file(_ form: FastForm) -> FileInMemory? {
        // Judged by what is known of it already, since to look for it counts as a use.
        guard form.representation.length <= Self.maximumBodyBytes else { return nil }
        let file = form.file {
            form.rendition.map { self.service.inMemory($0) } ?? self.service.inMemory(form.image)
        }
        // Once in a look: where there is no room, there may be with the next.
        if form.uses == Self.usesToBeSendable, let file, file.size >= Self.leastSendableBytes, file.descriptor == nil {
            self.service.makeSendable(file)
        }
        return file.flatMap { (1...Self.maximumBodyBytes).contains(Int64($0.size)) ? $0 : nil }
    }

    // MARK: What is remembered

    private func target(_ raw: ByteBuffer) -> FastTarget? {
        guard raw.readableBytes <= Self.maximumTargetBytes else { return nil }
        if let known = self.targets.value(for: raw) { return known }
        guard let target = FastTarget(String(buffer: raw), self.reading.configuration.renditions) else { return nil }
        // A copy: the other one is a part of what was read from the socket, and would keep all of it.
        let key = ByteBuffer(bytes: raw.readableBytesView)
        self.targets.set(key, target, bytes: Self.targetOverhead + 4 * raw.readableBytes)
        return target
    }

    private func accept(_ raw: ByteBuffer?) -> Accept? {
        guard let raw else { return self.noAccept }
        guard raw.readableBytes <= Self.maximumAcceptBytes else { return nil }
        if let known = self.accepts.value(for: raw) { return known }
        let accept = Accept([.accept: String(buffer: raw)])
        self.accepts.set(
            ByteBuffer(bytes: raw.readableBytesView), accept, bytes: Self.acceptOverhead + raw.readableBytes)
        return accept
    }

    private func makeForm(_ target: FastTarget, _ look: FastLook, _ accept: Accept?) -> FastForm? {
        let image = look.fresh.located.image
        if let version = target.version, version != image.version { return nil }
        var rendition: RenditionName?
        if let request = target.rendition {
            let spec = request.spec(for: image, accept: accept ?? self.noAccept, savesData: false)
            guard let name = self.service.renditionName(image, spec) else { return nil }
            rendition = name
        }
        let representation = self.representation(target, look.fresh.located, rendition)
        return FastForm(look, rendition: rendition, representation: representation)
    }

    private func representation(
        _ target: FastTarget, _ located: Located, _ rendition: RenditionName?
    ) -> Representation {
        guard let rendition else {
            return self.reading.representation(of: located, version: target.version)
        }
        return self.reading.representation(
            of: located, as: rendition.format, tag: rendition.tag, version: target.version, variance: target.variance)
    }
}
