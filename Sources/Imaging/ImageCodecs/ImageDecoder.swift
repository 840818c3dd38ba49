import CImageCodecs
public import ImageModel

/// A decoded picture, and the colour conversion that it still needs.
public struct DecodedPicture: ~Copyable {
    /// The samples as stored: no orientation is applied.
    public var pixels: PixelBuffer
    /// The conversion of its colours to sRGB; nil if they are sRGB already.
    public var conversion: ColorConversion?
}

/// Bytes to pixels.
public enum ImageDecoder {
    /// What to do with colours that the file describes: by an ICC profile, PNG's cICP or gAMA and cHRM, AVIF's nclx.
    public enum Colors: Sendable, Hashable {
        /// Converted to sRGB, relative colorimetric, with black point compensation from CMYK. A file without a profile,
        /// or with one that cannot be used for it, counts as sRGB.
        case sRGB
        /// The stored values; CMYK becomes RGB without a profile.
        case stored
    }

    /// Decodes a still picture as stored: its orientation is not applied.
    ///
    /// JPEG becomes grey or RGB, decoded like djpeg by default; PNG becomes grey, RGB or RGBA of 8 bits; WebP and AVIF
    /// become RGB or RGBA.
    ///
    /// - Parameters:
    ///   - info: from ``ImageHeader/read(_:limits:)`` for this file. Its size is checked again.
    ///   - scaleDenominator: the picture is decoded directly at that fraction of its size, sides rounded up. JPEG
    ///     supports 1, 2, 4 and 8, and is cut off at the right and bottom if a side is no multiple. WebP supports any
    ///     number, and its whole picture is scaled to the smaller one. Other formats ignore it.
    /// - Throws: `unsupported` for an animation, and for a JPEG that libjpeg cannot decode; `damaged`, `truncated`,
    ///   `tooLarge`, `outOfMemory`, `cancelled`.
    public static func decode(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, colors: Colors = .sRGB,
        limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        var picture = try decode(
            file, info: info, scaleDenominator: scaleDenominator, converts: colors == .sRGB, limits: limits,
            cancelled: cancelled)
        if let conversion = picture.conversion { try conversion.apply(to: &picture.pixels, cancelled: cancelled) }
        return picture.pixels
    }

    /// The same, but leaves the conversion to sRGB to the caller if nothing is lost by that: samples of 16 bits and
    /// CMYK are converted at once.
    public static func decodeDeferringColors(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        try decode(
            file, info: info, scaleDenominator: scaleDenominator, converts: true, limits: limits, cancelled: cancelled)
    }

    private static func decode(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int, converts: Bool, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        try limits.check(width: info.size.width, height: info.size.height)
        guard scaleDenominator >= 1, scaleDenominator <= 1 << 20 else {
            throw .internalError("a scale outside 1 to 2^20")
        }
        return switch info.format {
        case .jpeg:
            try decodeJPEG(
                file, info: info, scaleDenominator: scaleDenominator, converts: converts, limits: limits,
                cancelled: cancelled)
        case .png: try decodePNG(file, info: info, converts: converts, limits: limits, cancelled: cancelled)
        case .webp:
            try decodeWebP(
                file, info: info, scaleDenominator: scaleDenominator, converts: converts, limits: limits,
                cancelled: cancelled)
        case .avif: try decodeAVIF(file, info: info, converts: converts, limits: limits, cancelled: cancelled)
        }
    }

    private static func decodeJPEG(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int, converts: Bool, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        let header = try JPEGHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .internalError("a header of another file") }
        guard let coding = header.coding, coding.color != .TT_JPEG_OTHER else {
            throw .unsupported("this kind of JPEG can be stored, but not decoded")
        }
        guard [1, 2, 4, 8].contains(scaleDenominator) else {
            throw .internalError("a scale that libjpeg does not have")
        }
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_jpeg_decode(
                pointer, count, UInt32(scaleDenominator), UInt64(limits.maximumPixels), UInt32(limits.maximumScans),
                cancelled.pointer, &pixels)
        }
        let source: ColorSource? = converts ? header.profile.map { .profile($0) } : nil
        if coding.color == .TT_JPEG_CMYK {
            return try unsafe finishCMYK(status, &pixels, source: source, cancelled: cancelled)
        }
        return try unsafe finish(status, &pixels, format: "JPEG", source: source)
    }

    private static func decodePNG(
        _ file: RawSpan, info: ImageInfo, converts: Bool, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        let header = try PNGHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .internalError("a header of another file") }
        guard !header.isAnimated else { throw .unsupported("this PNG is an animation") }
        let source = converts ? header.colors : nil
        let isDeep = header.coding.bit_depth == 16
        // Eight bits of a linear or similarly different coding would lose the dark tones, so the conversion uses all
        // sixteen.
        let deep =
            isDeep ? try source?.conversion(of: header.layout.colorKind, isDeep: true, isGray: header.isGray) : nil
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_png_decode(
                pointer, count, deep?.pointer, UInt64(limits.maximumPixels), cancelled.pointer, &pixels)
        }
        return try unsafe finish(status, &pixels, format: "PNG", source: isDeep ? nil : source, isGray: header.isGray)
    }

    private static func decodeWebP(
        _ file: RawSpan, info: ImageInfo, scaleDenominator: Int, converts: Bool, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        let header = try WebPHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .internalError("a header of another file") }
        guard !header.coding.is_animated else { throw .unsupported("this WebP is an animation") }
        var pixels = unsafe tt_pixels()
        let status = unsafe file.withCBytes { (pointer, count) in
            unsafe tt_webp_decode(
                pointer, count, header.info.hasAlpha, UInt32(scaleDenominator), UInt64(limits.maximumPixels),
                cancelled.pointer, &pixels)
        }
        return try unsafe finish(
            status, &pixels, format: "WebP", source: converts ? header.profile.map { .profile($0) } : nil)
    }

    /// - Parameter isFirstEnough: whether the first frame of an animation is decoded instead of an error.
    static func decodeAVIF(
        _ file: RawSpan, info: ImageInfo, converts: Bool, isFirstEnough: Bool = false, limits: CodecLimits,
        cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        let header = try AVIFHeader.read(file, limits: limits)
        guard header.info.size == info.size else { throw .internalError("a header of another file") }
        guard header.info.frames == 1 || isFirstEnough else { throw .unsupported("this AVIF is an animation") }
        var source = converts ? header.colors : nil
        let kind: tt_color_kind = header.info.hasAlpha ? .TT_COLOR_RGBA : .TT_COLOR_RGB
        let deep = header.depth > 8 ? try source?.conversion(of: kind, isDeep: true, isGray: header.isGray) : nil
        let picture = try header.picture.get()
        let boxes = try AVIFDecoderHeader(file, picture: picture).bytes
        var pixels = unsafe tt_pixels()
        var found = tt_avif_colors()
        let status = unsafe boxes.span.bytes.withCBytes { (boxes, boxCount) in
            unsafe file.withCBytes { (pointer, count) in
                let source = unsafe tt_avif_source(
                    header: boxes, header_count: boxCount, bytes: pointer, count: count,
                    width: UInt32(picture.size.width), height: UInt32(picture.size.height),
                    maximum_item_pixels: UInt64(picture.maximumPartPixels))
                return unsafe tt_avif_decode(
                    source, header.crop, header.info.hasAlpha, deep?.pointer, cancelled.pointer, &pixels, &found)
            }
        }
        if found.is_converted { source = nil }
        if converts, !header.statesColors {
            let numbers = CodedColors(primaries: Int(found.primaries), transfer: Int(found.transfer)).completed
            source = numbers.isSRGB ? nil : .coded(numbers)
        }
        return try unsafe finish(status, &pixels, format: "AVIF", source: source, isGray: header.isGray)
    }

    /// Checks the status and takes ownership of the pixels. They are freed on any error.
    static func finish(
        _ status: tt_status, _ pixels: inout tt_pixels, format: String, source: ColorSource?, isGray: Bool = false
    ) throws(CodecError) -> DecodedPicture {
        var isAdopted = false
        defer { if !isAdopted { unsafe tt_free(pixels.data) } }
        try check(status, format: format)
        guard let layout = unsafe PixelBuffer.Layout(rawValue: Int(pixels.channels)) else {
            throw .internalError("pixels without a layout")
        }
        let conversion = try source?.conversion(of: layout.colorKind, isGray: isGray)
        let buffer = try unsafe PixelBuffer(adopting: pixels)
        isAdopted = true
        return DecodedPicture(pixels: buffer, conversion: conversion)
    }

    /// The same for four samples of ink, which become RGB at once.
    ///
    /// They are stored inverted, as in Adobe's programs. The JPEG standard does not say, and a file without an Adobe
    /// marker is read in the same way: as in browsers, libvips and Pillow, and as its writer meant it.
    private static func finishCMYK(
        _ status: tt_status, _ pixels: inout tt_pixels, source: ColorSource?, cancelled: CancelFlag
    ) throws(CodecError) -> DecodedPicture {
        var isAdopted = false
        defer { if !isAdopted { unsafe tt_free(pixels.data) } }
        try check(status, format: "JPEG")
        if let conversion = try source?.conversion(of: .TT_COLOR_CMYK_INVERTED) {
            try unsafe check(tt_color_apply(conversion.pointer, &pixels, cancelled.pointer), format: "JPEG")
        } else {
            unsafe tt_color_cmyk_to_rgb(&pixels, true)
        }
        let buffer = try unsafe PixelBuffer(adopting: pixels)
        isAdopted = true
        return DecodedPicture(pixels: buffer, conversion: nil)
    }
}

extension PNGHeader {
    /// The layout of the decoded picture.
    var layout: PixelBuffer.Layout {
        info.hasAlpha ? .rgba8 : coding.color_type & 2 == 0 ? .gray8 : .rgb8
    }
}
