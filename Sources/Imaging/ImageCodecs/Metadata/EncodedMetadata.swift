public import ImageModel

/// The metadata that a rendition keeps of its source: artist and copyright.
public struct EncodedMetadata: Sendable, Hashable {
    /// EXIF's Artist: ASCII according to Exif 2.32, UTF-8 in practice; without the final zero.
    public var artist: [UInt8]?
    /// EXIF's Copyright, the same way.
    public var copyright: [UInt8]?

    /// The two texts as raw bytes. Does not check their length.
    public init(artist: [UInt8]? = nil, copyright: [UInt8]? = nil) {
        self.artist = artist
        self.copyright = copyright
    }

    /// Longer texts are not kept: a rendition should stay small.
    static let maximumBytes = 4_096

    /// Reads artist and copyright from a file's EXIF, else from its XMP, else from IPTC's records or a PNG's texts,
    /// each of the two separately; nil if the file has neither. Never throws: a rendition does not fail because of its
    /// metadata.
    public static func read(_ file: RawSpan, info: ImageInfo) -> EncodedMetadata? {
        var sources = RightsSources()
        switch info.format {
        case .jpeg: sources.add(jpeg: file)
        case .png: sources.add(png: file)
        case .webp: sources.add(webp: file)
        case .avif: sources.add(avif: file)
        }
        return sources.found.artist == nil && sources.found.copyright == nil ? nil : sources.found
    }

    /// The two texts of an EXIF block.
    static func read(exif: RawSpan) -> EncodedMetadata? {
        guard let walk = ExifReader.read(exif) else { return nil }
        return EncodedMetadata(artist: text(exif, walk.artist), copyright: text(exif, walk.copyright))
    }

    /// Texts without final zeros and blanks; those that are empty, too long or not UTF-8 are dropped. Nil if none is
    /// left.
    static func checked(artist: [UInt8]?, copyright: [UInt8]?) -> EncodedMetadata? {
        func clean(_ text: [UInt8]?) -> [UInt8]? {
            guard var text = text else { return nil }
            while let last = text.last, last == 0 || last == 0x20 { text.removeLast() }
            text = Array(text.drop { $0 == 0x20 })
            guard !text.isEmpty, text.count <= maximumBytes, !text.contains(where: { $0 < 0x20 }),
                String(validating: text, as: UTF8.self) != nil
            else { return nil }
            return text
        }
        let metadata = EncodedMetadata(artist: clean(artist), copyright: clean(copyright))
        return metadata.artist == nil && metadata.copyright == nil ? nil : metadata
    }

    private static func text(_ exif: RawSpan, _ range: Range<Int>?) -> [UInt8]? {
        guard let range, range.count <= maximumBytes else { return nil }
        var text = exif.copy(range)
        while let last = text.last, last == 0 || last == 0x20 { text.removeLast() }
        // A copyright of photographer and editor has a zero between the two, which stays.
        return text.allSatisfy { $0 == 0 || $0 == 0x20 } ? nil : text
    }

    /// A TIFF block with only these texts (TIFF 6.0 section 2), big endian.
    func exifBlock() -> [UInt8] {
        let entries = [(tag: UInt16(0x013B), text: artist), (tag: UInt16(0x8298), text: copyright)]
            .compactMap { entry in entry.text.map { (tag: entry.tag, text: $0.prefix(Self.maximumBytes) + [0]) } }
        var block: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8]
        var texts: [UInt8] = []
        let textStart = 8 + 2 + 12 * entries.count + 4
        block += Self.bigEndian16(UInt16(entries.count))
        for entry in entries {
            block += Self.bigEndian16(entry.tag) + Self.bigEndian16(2) + Self.bigEndian32(entry.text.count)
            if entry.text.count <= 4 {
                block += entry.text + [UInt8](repeating: 0, count: 4 - entry.text.count)
            } else {
                block += Self.bigEndian32(textStart + texts.count)
                texts += entry.text
                // Values begin at even offsets.
                if texts.count % 2 == 1 { texts.append(0) }
            }
        }
        return block + [0, 0, 0, 0] + texts
    }

    private static func bigEndian16(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

    private static func bigEndian32(_ value: Int) -> [UInt8] {
        FourCC(rawValue: UInt32(truncatingIfNeeded: value)).bytes
    }
}
