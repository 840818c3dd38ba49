/// One chunk of a WebP file (RFC 9649 section 2.3): name, length, data, a byte of padding if the length is odd.
struct WebPChunk: Sendable, Hashable {
    var name: FourCC
    /// Without the padding.
    var data: Range<Int>

    static let riff: [UInt8] = [0x52, 0x49, 0x46, 0x46]
    static let webp = FourCC("WEBP")
    static let lossy = FourCC("VP8 ")
    static let lossless = FourCC("VP8L")
    static let extended = FourCC("VP8X")
    static let alpha = FourCC("ALPH")
    static let animation = FourCC("ANIM")
    static let frame = FourCC("ANMF")
    static let profile = FourCC("ICCP")
    static let exif = FourCC("EXIF")
    static let xmp = FourCC("XMP ")

    /// The flags in the first byte of VP8X (section 2.7).
    enum Flag {
        static let animation: UInt8 = 0x02
        static let xmp: UInt8 = 0x04
        static let exif: UInt8 = 0x08
        static let alpha: UInt8 = 0x10
        static let profile: UInt8 = 0x20
    }

    /// A chunk with header and padding, ready to be written.
    static func encode(_ name: FourCC, _ data: [UInt8]) -> [UInt8] {
        name.bytes + littleEndian32(data.count) + data + (data.count % 2 == 1 ? [0] : [])
    }

    /// The payload of VP8X: flags, and the sides of the canvas minus one.
    static func extendedHeader(flags: UInt8, width: Int, height: Int) -> [UInt8] {
        [flags, 0, 0, 0] + littleEndian32(width - 1).prefix(3) + littleEndian32(height - 1).prefix(3)
    }

    /// Encoded chunks in a RIFF container.
    static func file(_ chunks: [[UInt8]]) -> [UInt8] {
        let count = chunks.reduce(4) { $0 + $1.count }
        var file = riff + littleEndian32(count) + webp.bytes
        file.reserveCapacity(count + 8)
        for chunk in chunks { file += chunk }
        return file
    }

    private static func littleEndian32(_ value: Int) -> [UInt8] {
        FourCC(rawValue: UInt32(truncatingIfNeeded: value)).bytes.reversed()
    }
}

/// Iterates over the chunks of a WebP file, as far as its RIFF header and the bytes go.
struct WebPChunks {
    private var offset = 12

    /// The next complete chunk, or nil.
    mutating func next(in bytes: RawSpan) -> WebPChunk? {
        guard let size = bytes.littleEndian32(at: 4) else { return nil }
        let end = min(bytes.byteCount, 8 + size)
        guard offset <= end - 8, let name = bytes.fourCC(at: offset),
            let length = bytes.littleEndian32(at: offset + 4), offset + 8 + length <= end
        else { return nil }
        let data = offset + 8..<offset + 8 + length
        offset = data.upperBound + length % 2
        return WebPChunk(name: name, data: data)
    }

    /// All complete chunks.
    static func all(in bytes: RawSpan, limits: CodecLimits = CodecLimits()) throws(CodecError) -> [WebPChunk] {
        var walk = WebPChunks()
        var chunks: [WebPChunk] = []
        while let chunk = walk.next(in: bytes) {
            chunks.append(chunk)
            try limits.check(chunks: chunks.count)
        }
        return chunks
    }
}
