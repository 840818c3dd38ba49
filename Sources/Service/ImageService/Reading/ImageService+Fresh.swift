import Admission
import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
import ObjectStorage
import TaskSupport

// What can be answered at once, from memory alone, without a task. Nil always means: ask as everybody does.

/// The current version of a path, which memory believes without asking.
public struct FreshImage: Sendable {
    /// Always a ``Freshness/hit``.
    public let located: ResolvedImage
    /// Of what the store said of the path: two with the same number are of the same image, told in the same way.
    public let serial: UInt64
    /// How long this may be answered again without another look.
    public let freshness: FreshUntil

    fileprivate init?(_ entry: CurrentEntry, _ freshness: FreshUntil) {
        guard let image = entry.image else { return nil }
        located = ResolvedImage(image: image, freshness: .hit, asked: entry.asked)
        serial = entry.serial
        self.freshness = freshness
    }

    /// The moment the store was asked for it.
    public var asked: ContinuousClock.Instant { freshness.asked }
    /// Whole seconds since then.
    public var age: Int64 { freshness.age }

    /// Whether this and every body that was looked up since would be found again, with the same age. Takes no lock.
    /// After a second at most it does not last, and what is looked up again counts as a use.
    public func lasts(at now: ContinuousClock.Instant) -> Bool { freshness.lasts(at: now) }
}

/// The same, of one who knows what is to be found, and the bytes.
public struct FreshFile: Sendable {
    /// See ``FreshImage/serial``.
    public let serial: UInt64
    /// Nil where memory does not have them.
    public let file: FileInMemory?
    /// How long that is so.
    public let freshness: FreshUntil
}

/// How long an answer from memory may be given again without another look.
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
        // Until its age changes, which is told in whole seconds; and no longer than a part of the bound.
        until = min(asked + .seconds(age + 1), asked + bound, now + bound / Self.looksWithinBound)
    }

    /// So often it is looked up within the bound, however short that is: who asks the store again before the bound is
    /// reached has to be asked meanwhile.
    private static let looksWithinBound = 8

    /// See ``FreshImage/lasts(at:)``.
    public func lasts(at now: ContinuousClock.Instant) -> Bool { now < until && moment.lasts }
}

/// The name of a file in memory, an original or a rendition of one version.
public struct FileName: Sendable {
    fileprivate let path: ObjectKey
    fileprivate let body: BodyName

    /// What it takes in memory beside the answer about its path.
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

    /// The one that was noted, where anybody still has it.
    public init?(_ note: NotedFile) {
        guard let body = note.body.body else { return nil }
        self.init(body: body)
    }

    /// In bytes.
    public var size: Int { body.size }
    /// No two files that were in memory have the same.
    public var serial: UInt64 { body.serial }
    /// By its first bytes.
    public var format: ImageFormat? { ImageFormat.detect(body.head.readableBytesSpan) }

    /// All bytes, where they lie in one piece.
    public var onePiece: ByteBuffer? { body.onePiece }

    /// A file with the same bytes, for the kernel to send from, as long as this is held; nil where none was made.
    public var descriptor: CInt? { body.file?.descriptor }

    /// A range of the bytes, which lies within the whole, in pieces that are no copies.
    public func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void) {
        self.body.forEachPiece(of: range, body)
    }
}

/// A file in memory that is not held there by being noted.
public struct NotedFile: Sendable {
    fileprivate let body: WeakBody

    /// Remembers the file without holding it.
    public init(_ file: FileInMemory) { body = WeakBody(file.body) }
}

extension ImageService {
    /// The path's current version where memory is young enough.
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

    /// The file of this name where memory's answer about its path is young enough, by one look.
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

    /// Where memory keeps this rendition, if it does. Nil where the version has to be looked into first, or may not be
    /// transformed.
    public func renditionName(_ image: StoredImage, _ spec: RenditionSpec) -> RenditionName? {
        guard mayBeTransformed(image) else { return nil }
        return RenditionName(
            path: image.object.key, original: image.etag, variant: .rendition(Renditions.text(spec)),
            format: spec.format, tag: renditionTag(image, spec))
    }

    /// As ``locateForRendition(_:expecting:)`` judges it.
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

    /// Makes a file to send from of one that is sent often, where memory has room for both.
    public func makeSendable(_ file: FileInMemory) { cache.makeFile(of: file.body) }
}
