import Crypto
public import ImageModel
public import ObjectStorage

/// A version of a picture in the store.
public struct StoredImage: Sendable, Hashable {
    /// How far the file was read to describe it. What is unknown at a depth needs a deeper read.
    enum Depth: Int, Sendable, Hashable, Comparable {
        /// Only the format is known.
        case signature
        /// The header, which does not tell the number of frames, nor an orientation that comes after the pixels.
        case header
        /// Everything.
        case whole

        static func < (left: Depth, right: Depth) -> Bool { left.rawValue < right.rawValue }
    }

    /// Without its metadata and content type, which `image` and `format` replace: the cache keeps very many of these.
    public private(set) var object: ObjectInfo
    /// As detected from its bytes; also the stored and served media type.
    public var format: ImageFormat
    /// What the header tells; nil for a damaged or foreign file, or if nobody has looked yet.
    public var image: ImageInfo?
    let depth: Depth

    /// A picture inspected to the depth that `image` shows: without frames it is only the header.
    public init(object: ObjectInfo, format: ImageFormat, image: ImageInfo?) {
        let depth: Depth = image == nil ? .signature : image?.frames == nil ? .header : .whole
        self.init(object: object, format: format, image: image, depth: depth)
    }

    init(object: ObjectInfo, format: ImageFormat, image: ImageInfo?, depth: Depth) {
        self.object = object
        self.object.metadata = [:]
        self.object.hasBoundMetadata = false
        self.object.foreignFields = [:]
        self.object.contentType = nil
        self.format = format
        self.image = image
        self.depth = depth
    }

    /// The version by the store's own tag.
    public var etag: ETag { object.etag }
    /// Bytes of the file.
    public var size: Int64 { object.size }
    /// The version in URLs.
    public var version: String { Self.version(of: object.etag) }

    /// A URL-safe name for a version: the tag itself if it is safe, else the start of its SHA-256 in hex.
    public static func version(of etag: ETag) -> String {
        let opaque = etag.opaque
        let isSafe = opaque.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isSafe && opaque.utf8.count <= 64 ? String(opaque) : digest(opaque)
    }

    /// The first 128 bits of the text's SHA-256, in hex.
    static func digest(_ text: some StringProtocol) -> String {
        hex(SHA256.hash(data: Array(text.utf8)).prefix(16))
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [hexDigits[Int($0 >> 4)], hexDigits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
