import Admission
import ImageCache
public import ImageModel
import NIOCore
public import ObjectStorage

/// The entity tag of a rendition.
public struct RenditionTag: Sendable, Hashable {
    /// The tag itself.
    public var etag: ETag
    /// Whether it stands for one sequence of bytes. A rendition that may be made from the original or from its
    /// intermediate exists in two forms, which look the same: their parts must not be combined.
    public var isStrong: Bool
}

/// A whole rendition in memory.
public struct RenderedRendition: Sendable {
    /// The original that it was made from.
    public var source: StoredImage
    /// How the original's version was found.
    public var freshness: Freshness
    /// Whether the rendition itself was in memory.
    public var isHit: Bool
    /// Of the file; not always the one that was asked for: WebP replaces AVIF for some.
    public var format: ImageFormat
    /// The rendition's own entity tag, not the original's.
    public var etag: ETag
    let pixels: Pixels
    /// To be kept until the last byte is sent.
    public let hold: AnswerHold

    init(
        _ pixels: Pixels, of source: StoredImage, freshness: Freshness, isHit: Bool, format: ImageFormat, etag: ETag,
        for client: ClientIdentity
    ) {
        self.source = source
        self.freshness = freshness
        self.isHit = isHit
        self.format = format
        self.etag = etag
        self.pixels = pixels
        hold =
            switch pixels {
            case .cached(let body): AnswerHold(body)
            case .apart(_, let reservation): AnswerHold(reservation.join(client))
            }
    }

    /// The finished file, counted for as long as somebody holds it: in the cache if it is there, else as an answer.
    enum Pixels: Sendable {
        case cached(CachedBody)
        case apart(ByteBuffer, JointReservation<ClientIdentity>)

        /// The first bytes, enough to detect the format.
        var head: ByteBuffer {
            switch self {
            case .cached(let body): body.head
            case .apart(let bytes, _): bytes
            }
        }
    }

    /// Of the whole file, in bytes.
    public var size: Int {
        switch pixels {
        case .cached(let body): body.size
        case .apart(let bytes, _): bytes.readableBytes
        }
    }

    /// A range of the bytes, which must lie within the whole.
    public func stream(_ range: Range<Int>) -> ObjectBody {
        switch pixels {
        case .cached(let body): body.stream(range)
        case .apart(let bytes, _):
            ObjectBody(bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer())
        }
    }
}
