public import ImageModel

/// The format of a file, as far as its first bytes tell.
public enum FormatDetection: Sendable, Hashable {
    /// The signature of this format.
    case format(ImageFormat)
    /// Whatever follows, this is not a picture.
    case notAnImage
    /// So many bytes are needed to decide.
    case needs(Int)
}

extension ImageFormat {
    /// The most bytes that are ever needed to detect a format.
    public static var maximumSignatureLength: Int { 4_096 }

    /// The format whose signature the bytes begin with, or nil. Bytes after the signature are ignored. The bytes are a
    /// whole file, or its first ``maximumSignatureLength``.
    public static func detect(_ bytes: RawSpan) -> ImageFormat? {
        if case .format(let format) = detect(prefix: bytes) { format } else { nil }
    }

    /// The same for the first bytes of a file that is still arriving, however few there are.
    ///
    /// JPEG: SOI and the first byte of the next marker (ISO/IEC 10918-1 B.1.1). PNG: the eight bytes of PNG 5.2. WebP:
    /// a RIFF header whose form type is `WEBP` (RFC 9649 section 2.4). AVIF: an ftyp box of at most
    /// ``maximumSignatureLength`` with the brand `avif` or `avis`, as the major brand or any compatible brand.
    public static func detect(prefix bytes: RawSpan) -> FormatDetection {
        if bytes.hasPrefix([0xFF, 0xD8, 0xFF]) { return .format(.jpeg) }
        if bytes.hasPrefix(PNGChunk.signature) { return .format(.png) }
        if bytes.hasPrefix(WebPChunk.riff), bytes.fourCC(at: 8) == WebPChunk.webp { return .format(.webp) }
        if bytes.fourCC(at: 4) == AVIFBox.fileType { return brands(bytes) }
        // The bytes may still become one of them.
        if bytes.begins([0xFF, 0xD8, 0xFF]) { return .needs(3) }
        if bytes.begins(PNGChunk.signature) { return .needs(PNGChunk.signature.count) }
        if bytes.byteCount < 12, bytes.begins(WebPChunk.riff) { return .needs(12) }
        let name = min(4, bytes.byteCount)..<bytes.byteCount
        return bytes.byteCount < 8 && bytes.extracting(name).begins(AVIFBox.fileType.bytes) ? .needs(8) : .notAnImage
    }

    /// The brands of a file that begins with a ftyp box.
    private static func brands(_ bytes: RawSpan) -> FormatDetection {
        guard let length = bytes.bigEndian32(at: 0), length >= 16, length <= maximumSignatureLength else {
            return .notAnImage
        }
        // The minor version is between the first brand and the others.
        let end = min(length, bytes.byteCount)
        for at in stride(from: 8, through: end - 4, by: 4) where at != 12 {
            if [AVIFBox.brandStill, AVIFBox.brandSequence].contains(bytes.fourCC(at: at)) { return .format(.avif) }
        }
        return bytes.byteCount < length ? .needs(length) : .notAnImage
    }
}

extension RawSpan {
    /// Whether the bytes are a prefix of these; true for no bytes.
    fileprivate func begins(_ whole: [UInt8]) -> Bool { hasPrefix(Array(whole.prefix(byteCount))) }
}
