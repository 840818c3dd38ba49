import CImageCodecs
import ImageModel

/// A JPEG's header: the coding from libjpeg, everything else from the segments.
struct JPEGHeader {
    var info: ImageInfo
    var segments: [JPEGSegment]
    /// Nil if libjpeg cannot read the coding.
    var coding: tt_jpeg_info?
    var profile: [UInt8]?
    /// The EXIF block.
    var exif: Range<Int>?

    /// - Parameter isNamed: whether the info should have the profile's name, for which lcms2 must open the profile.
    static func read(
        _ bytes: RawSpan, limits: CodecLimits, isNamed: Bool = false
    ) throws(CodecError) -> JPEGHeader {
        let segments = try JPEGSegments.all(in: bytes, limits: limits)
        let frame = try FrameHeader.read(bytes, segments: segments)
        try limits.check(width: frame.width, height: frame.height)

        var coding = tt_jpeg_info()
        let status = unsafe bytes.withCBytes { (pointer, count) in unsafe tt_jpeg_read_header(pointer, count, &coding) }
        if status != .TT_UNSUPPORTED {
            if status == .TT_TOO_LARGE {
                let side = ImageFormat.jpeg.capabilities.maximumSide
                throw .tooLarge(limit: "the longer side", value: max(frame.width, frame.height), maximum: side)
            }
            try check(status, format: "JPEG")
        }
        let isKnown = status == .TT_OK
        let profile = try ICCProfile.read(jpeg: bytes, segments: segments, limits: limits)
        let exif = ExifLocation.find(jpeg: bytes, segments: segments)
        let isCMYK = frame.components == 4
        let info = ImageInfo(
            format: .jpeg,
            size: PixelSize(width: frame.width, height: frame.height),
            orientation: ExifLocation.orientation(bytes, exif),
            hasAlpha: false,
            frames: 1,
            colorProfile: isNamed ? profile.map { ICCProfile.name(of: $0) } ?? (isCMYK ? nil : "sRGB") : nil)
        return JPEGHeader(
            info: info, segments: segments, coding: isKnown ? coding : nil, profile: profile, exif: exif)
    }

    /// The frame header (ISO/IEC 10918-1 B.2.2), the same in every coding.
    struct FrameHeader {
        var width: Int
        var height: Int
        var components: Int

        static func read(_ bytes: RawSpan, segments: [JPEGSegment]) throws(CodecError) -> FrameHeader {
            guard let segment = segments.first(where: \.isFrame) else {
                throw .damaged("a JPEG whose scan comes before its frame header")
            }
            let start = segment.payload.lowerBound
            guard segment.payload.count >= 9, let height = bytes.bigEndian16(at: start + 1),
                let width = bytes.bigEndian16(at: start + 3)
            else { throw .damaged("a JPEG frame header that is too short") }
            let components = Int(bytes.byte(at: start + 5))
            guard components > 0, segment.payload.count >= 6 + 3 * components else {
                throw .damaged("a JPEG frame header that is too short")
            }
            guard height > 0 else {
                throw .unsupported("this JPEG states its height only after its image data (DNL)")
            }
            return FrameHeader(width: width, height: height, components: components)
        }
    }
}
