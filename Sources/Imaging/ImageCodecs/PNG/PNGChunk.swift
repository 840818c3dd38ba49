import CImageCodecs

/// One chunk of a PNG (PNG specification, third edition, 5.3): length, name, data, CRC.
struct PNGChunk: Sendable, Hashable {
    var name: FourCC
    /// The whole chunk, including its length and CRC.
    var range: Range<Int>
    var data: Range<Int>

    /// PNG 5.2.
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    static let header = FourCC("IHDR")
    static let imageData = FourCC("IDAT")
    static let palette = FourCC("PLTE")
    static let end = FourCC("IEND")
    static let exif = FourCC("eXIf")
    static let profile = FourCC("iCCP")
    static let standardRGB = FourCC("sRGB")
    static let codedColors = FourCC("cICP")
    static let internationalText = FourCC("iTXt")
    static let physicalSize = FourCC("pHYs")
    static let animationControl = FourCC("acTL")
    static let frameControl = FourCC("fcTL")
    static let frameData = FourCC("fdAT")

    /// The keyword of an iTXt chunk with XMP (XMP part 3, 1.1.5).
    static let xmpKeyword = Array("XML:com.adobe.xmp".utf8)

    /// A chunk with its length and CRC, ready to be written.
    static func encode(_ name: FourCC, _ data: [UInt8]) -> [UInt8] {
        var chunk = bigEndian(UInt32(data.count)) + name.bytes + data
        let crc = unsafe chunk.span.bytes.extracting(4..<chunk.count).withCBytes { (bytes, count) -> UInt32 in
            unsafe tt_crc32(0, bytes, count)
        }
        chunk += bigEndian(crc)
        return chunk
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { FourCC(rawValue: value).bytes }
}

/// Iterates over the chunks of a PNG. CRCs are not checked: libpng and ``StructureCheck`` do that.
struct PNGChunks {
    private var offset = 8

    /// The next complete chunk; nil after IEND, or at the end of the bytes.
    mutating func next(in bytes: RawSpan) -> PNGChunk? {
        guard let length = bytes.bigEndian32(at: offset), let name = bytes.fourCC(at: offset + 4) else { return nil }
        let end = offset + 12 + length
        guard end <= bytes.byteCount else { return nil }
        let chunk = PNGChunk(name: name, range: offset..<end, data: offset + 8..<end - 4)
        offset = name == PNGChunk.end ? bytes.byteCount : end
        return chunk
    }

    /// All complete chunks.
    static func all(in bytes: RawSpan, limits: CodecLimits = CodecLimits()) throws(CodecError) -> [PNGChunk] {
        var walk = PNGChunks()
        var chunks: [PNGChunk] = []
        while let chunk = walk.next(in: bytes) {
            chunks.append(chunk)
            try limits.check(chunks: chunks.count)
        }
        return chunks
    }
}
