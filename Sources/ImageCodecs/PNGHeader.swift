import CImageCodecs
import ImageModel

/// A PNG's header: what libpng says of everything before the first IDAT.
struct PNGHeader {
    var info: ImageInfo
    var coding: tt_png_info
    var profile: [UInt8]?
    /// An APNG (PNG 11.3.6): acTL before the first IDAT.
    var isAnimated: Bool
    /// What is there whole.
    var chunks: [PNGChunk]

    static func read(_ bytes: RawSpan, limits: CodecLimits) throws(CodecError) -> PNGHeader {
        // IHDR comes first; its size is judged before libpng is asked for anything.
        if bytes.fourCC(at: 12) == PNGChunk.header, let width = bytes.bigEndian32(at: 16),
            let height = bytes.bigEndian32(at: 20)
        {
            try limits.check(width: width, height: height)
        }
        var coding = tt_png_info()
        let profile = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe bytes.withCBytes { (pointer, count) in
                unsafe tt_png_read_header(pointer, count, limits.maximumProfileBytes, &coding, &buffer)
            }
            try check(status, format: "PNG")
        }
        try limits.check(width: Int(coding.width), height: Int(coding.height))

        let chunks = try PNGChunks.all(in: bytes, limits: limits)
        let frames = try frameCount(bytes, chunks: chunks, limits: limits)
        let info = ImageInfo(
            format: .png,
            size: PixelSize(width: Int(coding.width), height: Int(coding.height)),
            orientation: ExifLocation.orientation(bytes, ExifLocation.find(png: bytes, chunks: chunks)),
            hasAlpha: coding.has_transparency,
            frames: frames ?? 1,
            colorProfile: profile.isEmpty ? nameWithoutProfile(coding) : ICCProfile.name(of: profile))
        return PNGHeader(
            info: info, coding: coding, profile: profile.isEmpty ? nil : profile, isAnimated: frames != nil,
            chunks: chunks)
    }

    /// sRGB by its chunk, by silence, or by its gamma of 1/2.2; nil for any other gamma.
    private static func nameWithoutProfile(_ coding: tt_png_info) -> String? {
        coding.has_srgb || coding.gamma == 0 || (45_000...46_000).contains(coding.gamma) ? "sRGB" : nil
    }

    private static func frameCount(
        _ bytes: RawSpan, chunks: [PNGChunk], limits: CodecLimits
    ) throws(CodecError) -> Int? {
        for chunk in chunks {
            if chunk.name == PNGChunk.imageData { return nil }
            guard chunk.name == PNGChunk.animationControl, chunk.data.count == 8,
                let frames = bytes.bigEndian32(at: chunk.data.lowerBound), frames > 0
            else { continue }
            guard frames <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: frames, maximum: limits.maximumFrames)
            }
            return frames
        }
        return nil
    }
}
