/// One box of an ISO base media file (ISO/IEC 14496-12, 4.2): four bytes of length, a name, the content.
struct AVIFBox: Sendable, Hashable {
    var name: FourCC
    /// From its length field to its end.
    var range: Range<Int>
    var content: Range<Int>

    static let fileType = FourCC("ftyp")
    static let metadata = FourCC("meta")
    static let mediaData = FourCC("mdat")
    static let movie = FourCC("moov")
    static let free = FourCC("free")
    static let brandStill = FourCC("avif")
    static let brandSequence = FourCC("avis")

    /// The box at `offset`, if it is completely inside `bounds`; else nil.
    static func read(_ bytes: RawSpan, at offset: Int, in bounds: Range<Int>) -> AVIFBox? {
        guard offset >= bounds.lowerBound, bounds.upperBound <= bytes.byteCount, offset <= bounds.upperBound - 8,
            let length = bytes.bigEndian32(at: offset), let name = bytes.fourCC(at: offset + 4)
        else { return nil }
        var header = 8
        var size = length
        if length == 0 {
            size = bounds.upperBound - offset
        } else if length == 1 {
            guard offset <= bounds.upperBound - 16, let high = bytes.bigEndian32(at: offset + 8), high < 1 << 30,
                let low = bytes.bigEndian32(at: offset + 12)
            else { return nil }
            header = 16
            size = high << 32 | low
        }
        guard size >= header, size <= bounds.upperBound - offset else { return nil }
        return AVIFBox(name: name, range: offset..<offset + size, content: offset + header..<offset + size)
    }

    /// More children than any real file has.
    static let maximumChildren = 4_096

    /// The sibling boxes in `bounds`, up to ``maximumChildren``.
    static func children(_ bytes: RawSpan, in bounds: Range<Int>) -> [AVIFBox] {
        var boxes: [AVIFBox] = []
        var walk = AVIFBoxReader(bounds)
        while boxes.count < maximumChildren, let box = walk.next(bytes) { boxes.append(box) }
        return boxes
    }

    /// The content after version and flags, and the version; nil if the box is too short (4.2.2 FullBox).
    func full(_ bytes: RawSpan) -> (version: UInt8, flags: Int, content: Range<Int>)? {
        guard content.count >= 4, let head = bytes.bigEndian32(at: content.lowerBound) else { return nil }
        return (UInt8(head >> 24), head & 0xFF_FFFF, content.lowerBound + 4..<content.upperBound)
    }
}

/// Reads sibling boxes one after the other, without making a list of them.
struct AVIFBoxReader {
    private var rest: Range<Int>

    init(_ bounds: Range<Int>) {
        rest = bounds
    }

    /// The next box; nil at the end, or if the bytes are not a box that fits.
    mutating func next(_ bytes: RawSpan) -> AVIFBox? {
        guard let box = AVIFBox.read(bytes, at: rest.lowerBound, in: rest) else { return nil }
        rest = box.range.upperBound..<rest.upperBound
        return box
    }
}
