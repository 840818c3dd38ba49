import Crypto
public import ImageModel
public import ObjectStorage

/// A version of a picture as it lies in the store.
public struct StoredImage: Sendable, Hashable {
    public var object: ObjectInfo
    /// By its bytes; also the stored and served media type.
    public var format: ImageFormat
    /// What the header tells; nil for a damaged or foreign file, or where nobody has looked yet.
    public var image: ImageInfo?

    public init(object: ObjectInfo, format: ImageFormat, image: ImageInfo?) {
        self.object = object
        self.format = format
        self.image = image
    }

    public var etag: ETag { object.etag }
    public var size: Int64 { object.size }
    /// The version in URLs.
    public var version: String { Self.version(of: object.etag) }

    /// A URL-safe name for a version: the tag itself where it is safe, else the start of its SHA-256 in hex.
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
