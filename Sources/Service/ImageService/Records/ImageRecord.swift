import ImageModel
import ObjectStorage

/// The metadata of an object in the store: what its header told, and the ids of the writes that led to it. A record
/// that cannot be parsed is ignored and derived again.
///
/// Other programs write to the store too, and may keep or copy the metadata. So what the record says of the picture is
/// believed only if the store knows that it was written together with these bytes.
struct ImageRecord: Sendable, Hashable {
    /// Nil if another program has written the object, or may have.
    var image: ImageInfo?
    /// Ids of writes, the newest last. An upload begins the list, a rotate appends to it. With it, a writer that lost
    /// the answer finds out whether its write has happened.
    var writes: [WriteID]

    /// How many ids are kept: as many further writes may follow a write with a lost answer before its writer looks.
    static let maximumWrites = 32

    init(image: ImageInfo?, writes: [WriteID]) {
        self.image = image
        self.writes = writes.suffix(Self.maximumWrites)
    }

    init(_ object: ObjectInfo) {
        image = object.hasBoundMetadata ? object.metadata[Name.image].flatMap(Self.parseImage) : nil
        writes = (object.metadata[Name.writes] ?? "").split(separator: ",").prefix(Self.maximumWrites).compactMap {
            WriteID(text: $0)
        }
    }

    /// The record for a rotate of this version.
    func continued(by write: WriteID, image: ImageInfo) -> ImageRecord {
        ImageRecord(image: image, writes: writes + [write])
    }

    /// The record for an upload in parts, whose metadata are written before the end of the body has come. PNG and WebP
    /// tell only after the pixels how many frames there are and how the picture is oriented: that is left open, to be
    /// derived.
    static func ofHeader(_ header: ImageInfo, write: WriteID) -> ImageRecord {
        var image = header
        if ImageInspection.needsWholeFile(header.format) { image.frames = nil }
        return ImageRecord(image: image, writes: [write])
    }

    /// The record, in the bytes that others have left of S3's metadata limit. The ids of the oldest writes are dropped
    /// first, then what can be derived again.
    func metadata(beside others: ObjectMetadata) -> ObjectMetadata {
        let rest = Self.maximumBytes - others.byteCount
        var record = self
        while record.metadata.byteCount > rest, record.writes.count > 1 { record.writes.removeFirst() }
        if record.metadata.byteCount > rest { record.image = nil }
        return record.metadata
    }

    /// S3's 2 KB, less what a store adds to bind the metadata to the bytes.
    private static let maximumBytes = 1_920

    var metadata: ObjectMetadata {
        var metadata: ObjectMetadata = [:]
        if let image { metadata[Name.image] = Self.format(image) }
        if !writes.isEmpty { metadata[Name.writes] = writes.map(\.text).joined(separator: ",") }
        return metadata
    }

    private enum Name {
        static let image = ObjectMetadata.ownPrefix + "image"
        static let writes = ObjectMetadata.ownPrefix + "writes"
    }

    // MARK: One line for an ImageInfo: `jpeg 1800x1200 o6 a0 f1 <profile>`, each field once, in this order.

    private static func format(_ image: ImageInfo) -> String {
        var fields = [
            image.format.rawValue, image.size.description, "o\(image.orientation.rawValue)",
            "a\(image.hasAlpha ? 1 : 0)", "f\(image.frames.map(String.init) ?? "")",
        ]
        if let profile = image.colorProfile { fields.append(escape(profile)) }
        return fields.joined(separator: " ")
    }

    private static func parseImage(_ text: String) -> ImageInfo? {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard (5...6).contains(fields.count), let format = ImageFormat(rawValue: String(fields[0])) else { return nil }
        let sides = fields[1].split(separator: "x").compactMap { Int($0) }
        guard sides.count == 2, sides.allSatisfy({ (1...Int(Int32.max)).contains($0) }),
            fields[2].hasPrefix("o"), let orientation = UInt8(fields[2].dropFirst()).flatMap(Orientation.init),
            fields[3] == "a0" || fields[3] == "a1", fields[4].hasPrefix("f")
        else { return nil }
        let frames = Int(fields[4].dropFirst())
        guard fields[4] == "f" || (frames ?? 0) > 0 else { return nil }
        return ImageInfo(
            format: format, size: PixelSize(width: sides[0], height: sides[1]), orientation: orientation,
            hasAlpha: fields[3] == "a1", frames: frames,
            colorProfile: fields.count == 6 ? unescape(fields[5]) : nil)
    }

    /// Keeps letters, digits and a few marks; all else is `%XX`: metadata are ASCII without spaces at the ends.
    private static func escape(_ text: String) -> String {
        let kept = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.()".utf8)
        // A profile's name comes from the file: it is cut, so that the record fits into 2 KB of metadata.
        return text.utf8.prefix(100).map { byte in
            kept.contains(byte) ? String(UnicodeScalar(byte)) : "%" + StoredImage.hex([byte])
        }.joined()
    }

    private static func unescape(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
