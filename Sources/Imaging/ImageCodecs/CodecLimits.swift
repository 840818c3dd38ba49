/// Limits of a picture. Checked with headers, before memory is allocated.
public struct CodecLimits: Sendable, Hashable {
    /// Width times height, as stored.
    public var maximumPixels: Int
    /// Frames of an animation.
    public var maximumFrames: Int
    /// Bytes of an embedded ICC profile. The largest in common use, for CMYK presses, have about 3 MB.
    public var maximumProfileBytes: Int
    /// Scans of a JPEG. Real ones have at most some twenty. Each scan may cost a pass over the whole picture, so tiny
    /// files of many scans are a known attack (libjpeg-turbo's "maxscans").
    public var maximumScans: Int

    /// Segments of a JPEG's header, chunks of a PNG or WebP. A list of them is kept during the work, and a file of only
    /// empty ones would make that list many times as large as the file.
    public var maximumChunks: Int
    /// Frames times the pixels of the canvas, if an animation is decoded. It does not limit storing and serving one.
    public var maximumAnimationPixels: Int

    /// Limits with Tintype's defaults.
    public init(
        maximumPixels: Int = 120_000_000, maximumFrames: Int = 10_000, maximumProfileBytes: Int = 4 << 20,
        maximumScans: Int = 100, maximumChunks: Int = 100_000, maximumAnimationPixels: Int = 500_000_000
    ) {
        self.maximumPixels = maximumPixels
        self.maximumFrames = maximumFrames
        self.maximumProfileBytes = maximumProfileBytes
        self.maximumScans = maximumScans
        self.maximumChunks = maximumChunks
        self.maximumAnimationPixels = maximumAnimationPixels
    }

    /// Checks a number of segments or chunks.
    func check(chunks: Int) throws(CodecError) {
        guard chunks <= maximumChunks else {
            throw .tooLarge(limit: "the number of segments", value: chunks, maximum: maximumChunks)
        }
    }

    /// Checks a size from a header; both sides fit in 32 bits.
    func check(width: Int, height: Int) throws(CodecError) {
        guard width > 0, height > 0 else { throw .damaged("a side of zero pixels") }
        // The product of two sides of 32 bits may overflow: a PNG of 33 bytes crashed the process here.
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maximumPixels else {
            throw .tooLarge(
                limit: "the number of pixels", value: overflow ? Int.max : pixels, maximum: maximumPixels)
        }
    }
}
