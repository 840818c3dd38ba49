/// What a picture may ask for. Judged from headers, before memory is taken.
public struct CodecLimits: Sendable, Hashable {
    /// Width times height, as stored.
    public var maximumPixels: Int
    /// Pictures in an animation.
    public var maximumFrames: Int
    /// Bytes of an embedded ICC profile. The largest of common use, for CMYK presses, have about 3 MB.
    public var maximumProfileBytes: Int
    /// Scans of a JPEG. Real ones have at most some twenty; each scan may cost a pass over the whole picture, which
    /// makes tiny files of many scans a known attack (libjpeg-turbo's "maxscans").
    public var maximumScans: Int

    /// Segments of a JPEG's header, chunks of a PNG or WebP. A list of them is kept while a file is worked on, and a
    /// file of nothing but empty ones would make that list many times as large as the file.
    public var maximumChunks: Int
    /// Frames times the pixels of the canvas, where an animation is decoded. Storing and serving one is not limited by
    /// it.
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

    /// Judges a number of segments or chunks.
    func check(chunks: Int) throws(CodecError) {
        guard chunks <= maximumChunks else {
            throw .tooLarge(limit: "the number of segments", value: chunks, maximum: maximumChunks)
        }
    }

    /// Judges a size as a header states it; both sides fit in 32 bits.
    func check(width: Int, height: Int) throws(CodecError) {
        guard width > 0, height > 0 else { throw .damaged("a side of zero pixels") }
        // Two sides of 32 bits do not fit into one number with a sign: a PNG of 33 bytes ended the process here.
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, pixels <= maximumPixels else {
            throw .tooLarge(
                limit: "the number of pixels", value: overflow ? Int.max : pixels, maximum: maximumPixels)
        }
    }
}
