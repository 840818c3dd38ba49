public import ImageModel

extension ImageFormat {
    /// The bytes that ``detect(_:)`` looks at. With fewer it may answer nil for what later proves an image.
    public static var signatureLength: Int { 32 }

    /// The format whose signature the bytes begin with, or nil. Nothing behind the signature is looked at.
    ///
    /// JPEG: SOI and the first byte of the next marker (ISO/IEC 10918-1 B.1.1). PNG: the eight bytes of PNG 5.2.
    /// WebP: a RIFF header whose form type is `WEBP` (RFC 9649 section 2.4). AVIF: an ftyp box with the brand `avif` or
    /// `avis`, the first one or among those it is compatible with.
    public static func detect(_ bytes: RawSpan) -> ImageFormat? {
        if bytes.hasPrefix([0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.hasPrefix(PNGChunk.signature) { return .png }
        if bytes.hasPrefix(WebPChunk.riff), bytes.fourCC(at: 8) == WebPChunk.webp { return .webp }
        return isAVIF(bytes) ? .avif : nil
    }

    private static func isAVIF(_ bytes: RawSpan) -> Bool {
        guard bytes.fourCC(at: 4) == AVIFBox.fileType, let length = bytes.bigEndian32(at: 0), length >= 16 else {
            return false
        }
        // The minor version stands between the first brand and the others.
        let end = min(length, bytes.byteCount, 4_096)
        return stride(from: 8, to: end - 3, by: 4).contains { at in
            at != 12 && [AVIFBox.brandStill, AVIFBox.brandSequence].contains(bytes.fourCC(at: at))
        }
    }
}
