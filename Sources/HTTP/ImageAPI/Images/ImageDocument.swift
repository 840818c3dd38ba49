import ImageModel
import ImageService
import ObjectStorage
import TextCoding

/// What a rotate has cost, as its response reports it.
struct RotationCost: Sendable {
    var isLossless: Bool
    /// Fixed names.
    var effects: [String]
}

/// Metadata of an image in JSON. Unknown values are null, not left out.
struct ImageDocument: Encodable, Sendable {
    private let image: StoredImage
    private let base: String
    /// Only in the response to a rotate.
    private let cost: RotationCost?
    /// Only if requested.
    private let extras: ExtrasDocuments?

    /// - Parameter base: The start of `url`, without a slash at the end.
    init(_ image: StoredImage, base: String, cost: RotationCost? = nil, extras: ExtrasDocuments? = nil) {
        self.image = image
        self.base = base
        self.cost = cost
        self.extras = extras
    }

    private enum Key: String, CodingKey {
        case path, url, contentType, format, bytes, width, height, orientation, hasAlpha, frames, colorProfile, etag
        case version, lastModified, lossless, effects, extras, location
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        let info = image.image
        try container.encode(image.object.key.text, forKey: .path)
        try container.encode(Self.url(image.object.key, version: image.version, base: base), forKey: .url)
        try container.encode(image.format.capabilities.mediaType, forKey: .contentType)
        try container.encode(image.format.rawValue, forKey: .format)
        try container.encode(image.size, forKey: .bytes)
        try container.encode(info?.displaySize.width, forKey: .width)
        try container.encode(info?.displaySize.height, forKey: .height)
        try container.encode(info.map { Int($0.orientation.rawValue) }, forKey: .orientation)
        try container.encode(info?.hasAlpha, forKey: .hasAlpha)
        try container.encode(info?.frames, forKey: .frames)
        try container.encode(info?.colorProfile, forKey: .colorProfile)
        try container.encode(image.etag.text, forKey: .etag)
        try container.encode(image.version, forKey: .version)
        try container.encode(image.object.lastModified?.rfc3339, forKey: .lastModified)
        try container.encodeIfPresent(cost?.isLossless, forKey: .lossless)
        try container.encodeIfPresent(cost?.effects, forKey: .effects)
        try container.encodeIfPresent(extras?.extras, forKey: .extras)
        try container.encodeIfPresent(extras?.location, forKey: .location)
    }

    /// The URL of a version, which caches may keep forever.
    static func url(_ key: ObjectKey, version: String, base: String) -> String {
        "\(base)/\(PercentEncoding.encode(key.bytes, keepingSlashes: true))?v=\(version)"
    }
}

/// One page of a listing in JSON.
struct PageDocument: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        var path: String
        var url: String
        var bytes: Int64
        var etag: String
        var version: String
        var lastModified: String?

        private enum Key: String, CodingKey {
            case path, url, bytes, etag, version, lastModified
        }

        /// A time that the store does not report is null, not left out.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(path, forKey: .path)
            try container.encode(url, forKey: .url)
            try container.encode(bytes, forKey: .bytes)
            try container.encode(etag, forKey: .etag)
            try container.encode(version, forKey: .version)
            try container.encode(lastModified, forKey: .lastModified)
        }
    }

    private let items: [Item]
    private let prefixes: [String]
    private let cursor: String?

    init(_ page: ImagePage, base: String) {
        items = page.items.map { object in
            let version = StoredImage.version(of: object.etag)
            return Item(
                path: object.key.text, url: ImageDocument.url(object.key, version: version, base: base),
                bytes: object.size, etag: object.etag.text, version: version,
                lastModified: object.lastModified?.rfc3339)
        }
        prefixes = page.prefixes.map { String(decoding: $0, as: UTF8.self) }
        cursor = page.cursor
    }

    private enum Key: String, CodingKey {
        case items, prefixes, cursor
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(items, forKey: .items)
        try container.encode(prefixes, forKey: .prefixes)
        try container.encode(cursor, forKey: .cursor)
    }
}
