import CImageCodecs
import ImageModel

/// A WebP's header, as libwebp reads it from the first chunks.
struct WebPHeader {
    var info: ImageInfo
    var coding: tt_webp_info
    var chunks: [WebPChunk]
    var profile: [UInt8]?

    /// - Parameter isNamed: whether the info should have the profile's name, for which lcms2 must open the profile.
    static func read(
        _ bytes: RawSpan, limits: CodecLimits, isNamed: Bool = false
    ) throws(CodecError) -> WebPHeader {
        var coding = tt_webp_info()
        let status = unsafe bytes.withCBytes { (pointer, count) in unsafe tt_webp_read_header(pointer, count, &coding) }
        try check(status, format: "WebP")
        try limits.check(width: Int(coding.width), height: Int(coding.height))

        let chunks = try WebPChunks.all(in: bytes, limits: limits)
        let profile = try ICCProfile.read(webp: bytes, chunks: chunks, limits: limits)
        let isWhole = bytes.littleEndian32(at: 4).map { 8 + $0 <= bytes.byteCount } ?? false
        var frames: Int? = 1
        if coding.is_animated {
            let count = chunks.count { $0.name == WebPChunk.frame }
            guard count <= limits.maximumFrames else {
                throw .tooLarge(limit: "the number of frames", value: count, maximum: limits.maximumFrames)
            }
            frames = isWhole ? count : nil
        }
        let size = PixelSize(width: Int(coding.width), height: Int(coding.height))
        let info = ImageInfo(
            format: .webp,
            size: size,
            orientation: ExifLocation.orientation(bytes, ExifLocation.find(webp: bytes, chunks: chunks)),
            // The flag only counts if the file ends before its first picture.
            hasAlpha: WebPTransparency.read(bytes, canvas: size) ?? coding.has_alpha,
            frames: frames,
            isAnimation: coding.is_animated,
            colorProfile: isNamed ? profile.map { ICCProfile.name(of: $0) } ?? "sRGB" : nil)
        return WebPHeader(info: info, coding: coding, chunks: chunks, profile: profile)
    }
}
