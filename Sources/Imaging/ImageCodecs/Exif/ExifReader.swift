import ImageModel

/// Facts that Tintype needs from an EXIF block, and where they are in the block (TIFF 6.0 section 2, Exif 2.32 section
/// 4.6).
///
/// The block is a small TIFF file, full of untrusted offsets. Each offset is checked against the block before it is
/// used, at most ``maximumEntries`` entries of a directory are read, and the number of directories is fixed: no loop in
/// the file can trap the reader.
struct ExifReader: Sendable, Hashable {
    /// A number in the block that can be overwritten in place.
    struct Number: Sendable, Hashable {
        /// Offset from the beginning of the TIFF header.
        var offset: Int
        /// 2 for SHORT, 4 for LONG.
        var width: Int
        var value: Int
    }

    /// Tag 0x0112 of the first directory.
    var orientation: Number?
    /// PixelXDimension, tag 0xA002 of the Exif directory.
    var pixelWidth: Number?
    /// PixelYDimension, tag 0xA003 of the Exif directory.
    var pixelHeight: Number?
    /// ImageWidth and ImageLength of the first directory (0x0100, 0x0101), which some cameras write in JPEG.
    var imageWidth: Number?
    var imageHeight: Number?
    /// RelatedImageWidth and RelatedImageLength of the interoperability directory (0x1001, 0x1002; Exif 2.32, 4.6.7).
    var relatedWidth: Number?
    var relatedHeight: Number?
    /// Artist (0x013B) and Copyright (0x8298) of the first directory: ranges in the block.
    var artist: Range<Int>?
    var copyright: Range<Int>?
    /// The field of the first directory that points to the second one.
    var nextDirectory: Number?
    /// The thumbnail's JPEG in the block.
    var thumbnail: Range<Int>?
    /// The field with the thumbnail's length (0x0202 of the second directory).
    var thumbnailLength: Number?
    /// The field with the thumbnail's offset (0x0201).
    var thumbnailOffset: Number?
    /// ImageWidth and ImageLength of the thumbnail directory, which some cameras write.
    var thumbnailWidth: Number?
    var thumbnailHeight: Number?
    /// The thumbnail directory's own orientation.
    var thumbnailOrientation: Number?
    var isBigEndian = false

    /// More entries than any camera writes.
    static let maximumEntries = 512

    /// The stored orientation; nil if there is none, or an invalid number.
    var orientationValue: Orientation? {
        orientation.flatMap { UInt8(exactly: $0.value) }.flatMap(Orientation.init(rawValue:))
    }

    /// The thumbnail directory's orientation; nil if there is none, or an invalid number.
    var thumbnailOrientationValue: Orientation? {
        thumbnailOrientation.flatMap { UInt8(exactly: $0.value) }.flatMap(Orientation.init(rawValue:))
    }

    /// Reads a block that begins with the TIFF header; nil if it does not.
    static func read(_ block: RawSpan) -> ExifReader? {
        var walk = ExifReader()
        switch block.bigEndian16(at: 0) {
        case 0x4949: walk.isBigEndian = false
        case 0x4D4D: walk.isBigEndian = true
        default: return nil
        }
        guard walk.short(block, at: 2) == 42, let first = walk.long(block, at: 4) else { return nil }
        guard let firstEnd = walk.readFirst(block, at: first) else { return nil }
        if let second = walk.long(block, at: firstEnd) {
            walk.nextDirectory = Number(offset: firstEnd, width: 4, value: second)
            if second != 0 { walk.readSecond(block, at: second) }
        }
        return walk
    }

    /// Reads the first directory and its Exif directory. Returns the offset of the link to the next one.
    private mutating func readFirst(_ block: RawSpan, at offset: Int) -> Int? {
        var exif: Int?
        let end = forEachEntry(block, at: offset) { walk, tag, entry in
            switch tag {
            case 0x0100: walk.imageWidth = walk.number(block, entry: entry)
            case 0x0101: walk.imageHeight = walk.number(block, entry: entry)
            case 0x0112: if walk.orientation == nil { walk.orientation = walk.number(block, entry: entry) }
            case 0x013B: walk.artist = walk.text(block, entry: entry)
            case 0x8298: walk.copyright = walk.text(block, entry: entry)
            case 0x8769: exif = walk.number(block, entry: entry)?.value
            default: break
            }
        }
        var interoperability: Int?
        if let exif {
            _ = forEachEntry(block, at: exif) { walk, tag, entry in
                switch tag {
                case 0xA002: walk.pixelWidth = walk.number(block, entry: entry)
                case 0xA003: walk.pixelHeight = walk.number(block, entry: entry)
                case 0xA005: interoperability = walk.number(block, entry: entry)?.value
                default: break
                }
            }
        }
        if let interoperability {
            _ = forEachEntry(block, at: interoperability) { walk, tag, entry in
                switch tag {
                case 0x1001: walk.relatedWidth = walk.number(block, entry: entry)
                case 0x1002: walk.relatedHeight = walk.number(block, entry: entry)
                default: break
                }
            }
        }
        return end
    }

    private mutating func readSecond(_ block: RawSpan, at offset: Int) {
        _ = forEachEntry(block, at: offset) { walk, tag, entry in
            switch tag {
            case 0x0100: walk.thumbnailWidth = walk.number(block, entry: entry)
            case 0x0101: walk.thumbnailHeight = walk.number(block, entry: entry)
            case 0x0112: walk.thumbnailOrientation = walk.number(block, entry: entry)
            case 0x0201: walk.thumbnailOffset = walk.number(block, entry: entry)
            case 0x0202: walk.thumbnailLength = walk.number(block, entry: entry)
            default: break
            }
        }
        guard let start = thumbnailOffset?.value, let length = thumbnailLength?.value, start <= block.byteCount,
            length <= block.byteCount - start
        else { return }
        thumbnail = start..<start + length
    }

    /// Calls `body` with the tag and the offset of each complete entry. Returns the offset after the last entry, or nil
    /// if not even the number of entries is inside.
    private mutating func forEachEntry(
        _ block: RawSpan, at offset: Int, _ body: (inout ExifReader, Int, Int) -> Void
    ) -> Int? {
        guard let count = short(block, at: offset) else { return nil }
        for index in 0..<min(count, Self.maximumEntries) {
            let entry = offset + 2 + index * 12
            guard entry <= block.byteCount - 12, let tag = short(block, at: entry) else { break }
            body(&self, tag, entry)
        }
        return offset + 2 + count * 12
    }

    /// The value of an entry of type SHORT or LONG with one value: it is in the entry itself.
    private func number(_ block: RawSpan, entry: Int) -> Number? {
        guard long(block, at: entry + 4) == 1 else { return nil }
        switch short(block, at: entry + 2) {
        case 3: return short(block, at: entry + 8).map { Number(offset: entry + 8, width: 2, value: $0) }
        case 4: return long(block, at: entry + 8).map { Number(offset: entry + 8, width: 4, value: $0) }
        default: return nil
        }
    }

    /// The range of an entry of type ASCII, in the entry itself if it has up to four bytes.
    private func text(_ block: RawSpan, entry: Int) -> Range<Int>? {
        guard short(block, at: entry + 2) == 2, let count = long(block, at: entry + 4), count > 0 else { return nil }
        guard let start = count <= 4 ? entry + 8 : long(block, at: entry + 8), start <= block.byteCount,
            count <= block.byteCount - start
        else { return nil }
        return start..<start + count
    }

    private func short(_ block: RawSpan, at offset: Int) -> Int? {
        guard let value = block.bigEndian16(at: offset) else { return nil }
        return isBigEndian ? value : (value & 0xFF) << 8 | value >> 8
    }

    private func long(_ block: RawSpan, at offset: Int) -> Int? {
        isBigEndian ? block.bigEndian32(at: offset) : block.littleEndian32(at: offset)
    }
}
