import ImageModel

/// Finds out whether any pixel of a WebP may be transparent, from its pictures and frames. The flag in VP8X is only a
/// hint: gif2webp omits it if the canvas shows between the frames, and others set it for nothing.
struct WebPTransparency: Sendable {
    /// A frame's place on the canvas.
    struct Place: Sendable, Hashable {
        var x: Int
        var y: Int
        var size: PixelSize

        /// The payload of an ANMF chunk begins with it (RFC 9649 section 2.7.1.1), in units of two pixels and less one.
        init(frameHeader bytes: [UInt8]) {
            func number24(_ index: Int) -> Int {
                Int(bytes[index]) | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2]) << 16
            }
            x = 2 * number24(0)
            y = 2 * number24(3)
            size = PixelSize(width: number24(6) + 1, height: number24(9) + 1)
        }

        init(of canvas: PixelSize) {
            (x, y, size) = (0, 0, canvas)
        }

        func covers(_ other: Place) -> Bool {
            x <= other.x && y <= other.y && x + size.width >= other.x + other.size.width
                && y + size.height >= other.y + other.size.height
        }
    }

    /// How many bytes of a frame's payload ``Place`` and ``beginFrame(_:on:)`` need.
    static let frameHeaderBytes = 16

    private(set) var hasAlpha = false
    /// The area that was cleared and must be covered by the next frame: at first the whole canvas.
    private var cleared: Place?
    private var hasBegun = false

    /// Begins a frame, with the first bytes of its payload.
    mutating func beginFrame(_ header: [UInt8], on canvas: PixelSize) {
        let place = Place(frameHeader: header)
        if !hasBegun { cleared = Place(of: canvas) }
        hasBegun = true
        if let cleared, !place.covers(cleared) { hasAlpha = true }
        cleared = header[15] & 1 != 0 ? place : nil
    }

    /// Takes a lossy picture, which may come after an ALPH chunk.
    mutating func takeLossy(behindAlpha: Bool) {
        if behindAlpha { hasAlpha = true }
    }

    /// Takes a lossless picture: the alpha bit comes after the 28 bits of its size (section 3.4).
    mutating func takeLossless(_ header: [UInt8]) {
        if header[4] & 0x10 != 0 { hasAlpha = true }
    }

    /// The result for a file, or for its first part up to the header of its first picture; nil if no picture has come.
    static func read(_ bytes: RawSpan, canvas: PixelSize) -> Bool? {
        var walk = Walk(offset: 12, end: end(of: bytes))
        var transparency = WebPTransparency()
        var isStill = false
        var isBehindAlpha = false
        while let (name, data) = walk.next(in: bytes) {
            switch name {
            case WebPChunk.alpha: isBehindAlpha = true
            case WebPChunk.lossy, WebPChunk.lossless:
                guard !isStill else { break }
                isStill = true
                transparency.take(name, data, in: bytes, isBehindAlpha)
            case WebPChunk.frame:
                guard data.count >= frameHeaderBytes, data.lowerBound + frameHeaderBytes <= bytes.byteCount else {
                    return transparency.hasBegun ? transparency.hasAlpha : nil
                }
                transparency.beginFrame(
                    bytes.copy(data.lowerBound..<data.lowerBound + frameHeaderBytes), on: canvas)
                transparency.readFrame(bytes, data)
            default: break
            }
            if isStill { return transparency.hasAlpha }
        }
        return transparency.hasBegun ? transparency.hasAlpha : nil
    }

    private mutating func readFrame(_ bytes: RawSpan, _ frame: Range<Int>) {
        var walk = Walk(offset: frame.lowerBound + Self.frameHeaderBytes, end: min(frame.upperBound, bytes.byteCount))
        var isBehindAlpha = false
        while let (name, data) = walk.next(in: bytes) {
            if name == WebPChunk.alpha { isBehindAlpha = true }
            take(name, data, in: bytes, isBehindAlpha)
        }
    }

    private mutating func take(_ name: FourCC, _ data: Range<Int>, in bytes: RawSpan, _ isBehindAlpha: Bool) {
        if name == WebPChunk.lossy { takeLossy(behindAlpha: isBehindAlpha) }
        if name == WebPChunk.lossless, data.lowerBound + 5 <= bytes.byteCount {
            takeLossless(bytes.copy(data.lowerBound..<data.lowerBound + 5))
        }
    }

    private static func end(of bytes: RawSpan) -> Int {
        min(bytes.byteCount, 8 + (bytes.littleEndian32(at: 4) ?? 0))
    }

    /// Consecutive chunks, of which the last one may be cut off.
    private struct Walk {
        var offset: Int
        let end: Int

        mutating func next(in bytes: RawSpan) -> (name: FourCC, data: Range<Int>)? {
            guard offset <= end - 8, let name = bytes.fourCC(at: offset),
                let length = bytes.littleEndian32(at: offset + 4)
            else { return nil }
            let data = offset + 8..<offset + 8 + length
            offset = data.upperBound + length % 2
            return (name, data)
        }
    }
}
