import ImageCache
import ImageCodecs
public import ImageModel
public import NIOCore
import ObjectStorage

// What can be answered at once, from memory alone, without a task. Nil always means: ask as everybody does.

/// The current version of a path, which memory believes without asking.
public struct FreshImage: Sendable {
    /// Always a ``Freshness/hit``.
    public let located: Located
    /// The moment the store was asked for it.
    public let asked: ContinuousClock.Instant
    /// Whole seconds since then.
    public let age: Int64
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
}

/// A whole file in memory, counted there for as long as this is held.
public struct FileInMemory: Sendable {
    fileprivate let body: CachedBody

    /// In bytes.
    public var size: Int { body.size }
    /// No two files that were in memory have the same.
    public var serial: UInt64 { body.serial }
    /// By its first bytes.
    public var format: ImageFormat? { ImageFormat.detect(body.head.readableBytesSpan) }

    /// All bytes, where they lie in one piece.
    public var onePiece: ByteBuffer? { body.onePiece }

    /// A range of the bytes, which lies within the whole, in pieces that are no copies.
    public func forEachPiece(of range: Range<Int>, _ body: (_ piece: ByteBuffer, _ isLast: Bool) -> Void) {
        self.body.forEachPiece(of: range, body)
    }
}

extension ImageService {
    /// The path's current version where memory is young enough.
    public func fresh(_ path: ImagePath) -> FreshImage? {
        guard let entry = current.fresh(path.key), let image = entry.image else { return nil }
        let age = ContinuousClock.now - entry.asked
        return FreshImage(
            located: Located(image: image, freshness: .hit, asked: entry.asked), asked: entry.asked,
            age: age.components.seconds)
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
            try uploads.limits.check(image.size, toBe: "transformed")
            return true
        } catch {
            return false
        }
    }

    /// The bytes of a rendition.
    public func inMemory(_ name: RenditionName) -> FileInMemory? {
        cache.body(name.path, name.original, name.variant).map { FileInMemory(body: $0) }
    }
}
