import Admission
import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
import ObjectStorage
import TaskSupport

// Answers that can be given at once, from memory alone, without a task. Nil always means: take the normal path.

/// The current version of a path, from memory, young enough to be used without asking the store.
public struct FreshImage: Sendable {
    /// Always a ``Freshness/hit``.
    public let resolved: ResolvedImage
    /// Identifies the store's answer: two with the same serial are of the same image, described in the same way.
    public let serial: UInt64
    /// How long this may be answered again without another look.
    public let freshness: FreshUntil

    fileprivate init?(_ entry: CurrentEntry, _ freshness: FreshUntil) {
        guard let image = entry.image else { return nil }
        resolved = ResolvedImage(image: image, freshness: .hit, asked: entry.asked)
        serial = entry.serial
        self.freshness = freshness
    }

    /// The moment the store was asked for it.
    public var asked: ContinuousClock.Instant { freshness.asked }
    /// Whole seconds since then.
    public var age: Int64 { freshness.age }

    /// Whether this and every body that was looked up since would be found again, with the same age. Takes no lock. It
    /// is true for one second at most; after that a new look-up counts as a use.
    public func lasts(at now: ContinuousClock.Instant) -> Bool { freshness.lasts(at: now) }
}

/// The same for a caller that knows the file's name, with the bytes.
public struct FreshFile: Sendable {
    /// See ``FreshImage/serial``.
    public let serial: UInt64
    /// Nil if memory does not have the bytes.
    public let file: FileInMemory?
    /// How long this answer holds.
    public let freshness: FreshUntil
}

/// How long an answer from memory may be reused without another look-up.
public struct FreshUntil: Sendable {
    /// The moment the store was asked.
    public let asked: ContinuousClock.Instant
    /// Whole seconds since then.
    public let age: Int64
    private let moment: CacheMoment
    private let until: ContinuousClock.Instant

    fileprivate init(
        asked: ContinuousClock.Instant, _ moment: CacheMoment, bound: Duration, now: ContinuousClock.Instant
    ) {
        self.asked = asked
        age = (now - asked).components.seconds
        self.moment = moment
        // Until its age in whole seconds changes, but only for a fraction of the age limit.
        until = min(asked + .seconds(age + 1), asked + bound, now + bound / Self.looksWithinBound)
    }

    /// How many look-ups there are within the age limit, however short it is: the entry must be seen in use before the
    /// limit, so that it is refreshed in the background.
    private static let looksWithinBound = 8

    /// See ``FreshImage/lasts(at:)``.
    public func lasts(at now: ContinuousClock.Instant) -> Bool { now < until && moment.lasts }
}

/// The name of a file in memory, an original or a rendition of one version.
public struct FileName: Sendable {
    fileprivate let path: ObjectKey
    fileprivate let body: BodyName

    /// Bytes of this name in memory, besides the answer about its path.
    public var bytes: Int { body.bytes }
}

/// The name under which memory keeps a rendition of one version.
public struct RenditionName: Sendable {
    fileprivate let path: ObjectKey
    fileprivate let original: ETag
    fileprivate let variant: BodyVariant
    /// The format that was asked for.
    public let format: ImageFormat
    /// The rendition's own entity tag.
    public let tag: RenditionTag

    /// The name for ``ImageService`` to find the bytes by.
    public var file: FileName { FileName(path: path, body: BodyName(path, original, variant)) }
}

/// A whole file in memory, counted there for as long as this is held.
public struct FileInMemory: Sendable {
    fileprivate let body: CachedBody

    fileprivate init(body: CachedBody) { self.body = body }

    /// The remembered file, if anybody still holds it.
    public init?(_ note: NotedFile) {
        guard let body = note.body.body else { return nil }
        self.init(body: body)
    }

    /// In bytes.
    public var size: Int { body.size }
    /// No two files that were in memory share it.
    public var serial: UInt64 { body.serial }
    /// As detected from the first bytes.
    public var format: ImageFormat? { ImageFormat.detect(body.head.readableBytesSpan) }

    /// All bytes, if they are in one piece.
    public var onePiece: ByteBuffer? { body.onePiece }

    /// A file with the same bytes, for the kernel to send from while this is held; nil if none was made.
    public var descriptor: CInt? { body.file?.descriptor }

    /// A range of the bytes, which must lie within the whole, in pieces that are not copies.
    public func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void) {
        self.body.forEachPiece(of: range, body)
    }
}

/// A reference to a file in memory that does not keep it there.
public struct NotedFile: Sendable {
    fileprivate let body: WeakBody

    /// Remembers the file without holding it.
    public init(_ file: FileInMemory) { body = WeakBody(file.body) }
}

extension ImageService {
    /// The path's current version, if the entry in memory is young enough.
    public func fresh(_ path: ImagePath) -> FreshImage? {
        let moment = cache.moment(of: path.key)
        return current.fresh(path.key).flatMap {
            FreshImage(
                $0,
                FreshUntil(asked: $0.asked, moment, bound: current.revalidateAfter, now: current.clock.now()))
        }
    }

    /// The name of the bytes of this version.
    public func fileName(of image: StoredImage) -> FileName {
        FileName(path: image.object.key, body: BodyName(image.object.key, image.etag, .original))
    }

    /// The file of this name, in one look-up, if the entry for its path is young enough.
    public func fresh(_ name: FileName) -> FreshFile? {
        let (moment, entry, body) = cache.look(at: name.body)
        let now = current.clock.now()
        guard let entry, current.isFresh(entry, of: name.path, at: now) else { return nil }
        return FreshFile(
            serial: entry.serial, file: body.map { FileInMemory(body: $0) },
            freshness: FreshUntil(asked: entry.asked, moment, bound: current.revalidateAfter, now: now))
    }

    /// The bytes of this version.
    public func inMemory(_ image: StoredImage) -> FileInMemory? {
        guard let body = cache.body(image.object.key, image.etag, .original), Int64(body.size) == image.size else {
            return nil
        }
        return FileInMemory(body: body)
    }

    /// The name of this rendition in memory. Nil if the version must be inspected first, or must not be transformed.
    public func renditionName(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionName? {
        guard mayBeTransformed(image) else { return nil }
        return RenditionName(
            path: image.object.key, original: image.etag, variant: .rendition(Renditions.text(spec)),
            format: spec.format, tag: renditionTag(image, spec))
    }

    /// The same rule as in ``locateForRendition(_:expecting:)``.
    private func mayBeTransformed(_ image: StoredImage) -> Bool {
        guard image.depth >= .whole else { return false }
        do {
            try limits.check(image.size, toBe: "transformed")
            return true
        } catch {
            return false
        }
    }

    /// The bytes of a rendition.
    public func inMemory(_ name: RenditionName) -> FileInMemory? {
        cache.body(name.path, name.original, name.variant).map { FileInMemory(body: $0) }
    }

    /// Makes a file to send from, for bytes that are sent often, if both fit in memory.
    public func makeSendable(_ file: FileInMemory) { cache.makeFile(of: file.body) }
}
