public import ImageModel

/// What a file tells about its picture before any pixel is decoded.
public enum ImageHeader {
    /// Reads the header with libjpeg, libpng or libwebp, an AVIF's from its boxes, and checks it against the limits.
    ///
    /// The bytes are a whole file, or its first part up to the image data: a JPEG up to and including its first SOS, a
    /// PNG up to the data of its first IDAT, a WebP up to its first frame header, an AVIF up to the end of its meta box
    /// (of a sequence: its moov box); ``StructureCheck/headerEnd`` finds this position. What a WebP has after it is
    /// only seen in the whole file: else its EXIF may be missing, so that the orientation is upright, and an
    /// animation's `frames` is nil.
    ///
    /// A JPEG whose coding libjpeg cannot read (12 bits, lossless, hierarchical) is judged by its markers.
    ///
    /// - Throws: `notAnImage`; `truncated` if the header is not complete; `damaged`; `unsupported`; `tooLarge` for
    ///   pixels, frames or the ICC profile.
    public static func read(_ bytes: RawSpan, limits: CodecLimits) throws(CodecError) -> ImageInfo {
        switch ImageFormat.detect(bytes) {
        case .jpeg: try JPEGHeader.read(bytes, limits: limits, isNamed: true).info
        case .png: try PNGHeader.read(bytes, limits: limits, isNamed: true).info
        case .webp: try WebPHeader.read(bytes, limits: limits, isNamed: true).info
        case .avif: try AVIFHeader.read(bytes, limits: limits, isNamed: true).info
        case nil: throw .notAnImage
        }
    }
}
