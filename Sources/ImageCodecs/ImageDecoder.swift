import CImageCodecs
public import ImageModel

/// Bytes to pixels.
public enum ImageDecoder {
    /// What becomes of colours that an embedded profile describes.
    public enum Colors: Sendable, Hashable {
        /// Converted to sRGB through the profile, relative colorimetric, with black point compensation from CMYK. A
        /// file without a profile, or with one that is of no use for it, is taken as sRGB.
        case sRGB
        /// The stored values; CMYK becomes RGB without a profile.
        case stored
    }

    /// Decodes a still picture, as stored: its orientation is not applied.
    ///
    /// JPEG becomes grey or RGB, decoded as djpeg does by default; PNG becomes grey, RGB or RGBA of 8 bits, its gamma
    /// chunk left alone; WebP becomes RGB or RGBA.
    ///
    /// - Parameters:
    ///   - info: what ``ImageHeader/read(_:limits:)`` said of this file. Its size is checked again.
    ///   - scaleDenominator: for JPEG 1, 2, 4 or 8: decoded straight at that part of the size, sides rounded up.
    ///     Other formats are decoded whole, whatever it is.
    /// - Throws: `unsupported` for an animation, and for a JPEG that libjpeg cannot decode; `damaged`, `truncated`,
    ///   `tooLarge`, `outOfMemory`, `cancelled`.
    public static func decode(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, colors: Colors = .sRGB,
        limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        try limits.check(width: info.size.width, height: info.size.height)
        return switch info.format {
        case .jpeg:
            try decodeJPEG(
                file, info: info, scaleDenominator: scaleDenominator, colors: colors, limits: limits,
                cancelled: cancelled)
        case .png: try decodePNG(file, info: info, colors: colors, limits: limits, cancelled: cancelled)
        case .webp: try decodeWebP(file, info: info, colors: colors, limits: limits, cancelled: cancelled)
        }
    }

    private static func decodeJPEG(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int, colors: Colors, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let header = try JPEGHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .fault("a header of another file") }
        guard let coding = header.coding, coding.color != .TT_JPEG_OTHER else {
            throw .unsupported("this kind of JPEG can be stored, but not decoded")
        }
        guard [1, 2, 4, 8].contains(scaleDenominator) else { throw .fault("a scale that libjpeg does not have") }
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_jpeg_decode(
                pointer, count, UInt32(scaleDenominator), UInt64(limits.maximumPixels), UInt32(limits.maximumScans),
                cancelled.pointer, &pixels)
        }
        return try unsafe finish(
            status, &pixels, format: "JPEG", isCMYK: coding.color == .TT_JPEG_CMYK, isInverted: coding.is_adobe,
            profile: colors == .sRGB ? header.profile : nil, cancelled: cancelled)
    }

    private static func decodePNG(
        _ file: RawSpan, info: ImageInfo, colors: Colors, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let header = try PNGHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .fault("a header of another file") }
        guard !header.isAnimated else { throw .unsupported("this PNG is an animation") }
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_png_decode(pointer, count, UInt64(limits.maximumPixels), cancelled.pointer, &pixels)
        }
        return try unsafe finish(
            status, &pixels, format: "PNG", profile: colors == .sRGB ? header.profile : nil, cancelled: cancelled)
    }

    private static func decodeWebP(
        _ file: RawSpan, info: ImageInfo, colors: Colors, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let header = try WebPHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .fault("a header of another file") }
        guard !header.coding.is_animated else { throw .unsupported("this WebP is an animation") }
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_webp_decode(pointer, count, UInt64(limits.maximumPixels), cancelled.pointer, &pixels)
        }
        return try unsafe finish(
            status, &pixels, format: "WebP", profile: colors == .sRGB ? header.profile : nil, cancelled: cancelled)
    }

    /// Judges the status, converts colours in place, and takes the pixels over. They are freed on any error.
    private static func finish(
        _ status: tt_status, _ pixels: inout tt_pixels, format: String, isCMYK: Bool = false,
        isInverted: Bool = false, profile: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        var isAdopted = false
        defer { if !isAdopted { unsafe tt_free(pixels.data) } }
        try check(status, format: format)
        var isConverted = false
        if let profile {
            let outcome = unsafe profile.span.bytes.withCBytes { (pointer, count) in
                unsafe tt_color_to_srgb(&pixels, isCMYK, isInverted, pointer, count, cancelled.pointer)
            }
            // A profile that is broken or meant for other colours is ignored, as browsers do.
            isConverted = outcome == .TT_OK
            if outcome != .TT_UNSUPPORTED, outcome != .TT_DAMAGED { try check(outcome, format: format) }
        }
        if isCMYK, !isConverted { unsafe tt_color_cmyk_to_rgb(&pixels, isInverted) }
        let buffer = try unsafe PixelBuffer(adopting: pixels)
        isAdopted = true
        return buffer
    }
}
