import CImageCodecs
public import ImageModel

/// How the coefficients of a JPEG are written.
public enum JPEGCoding: Sendable, Hashable {
    /// For display: in several scans, with optimised Huffman tables.
    case progressive
    /// To be decoded again, several times faster: in one scan, with the standard tables, and chroma always halved.
    case sequential
}

/// Pixels to bytes. The colours are written unchanged and count as sRGB: no profile is embedded.
public enum ImageEncoder {
    /// The quality that is used if none is given.
    public static let defaultQuality = 80
    /// From this quality on, JPEG and AVIF have full-size chroma.
    static let fullChromaQuality = 90
    /// Larger pictures are not written as AVIF, because libaom cannot be stopped. For so many pixels of noise it took
    /// 1.9 s at quality 80, and 6.5 s at quality 100 with alpha; photos of a megapixel take under 0.2 s at 80.
    public static let maximumAVIFPixels = 4_000_000

    /// The format that a picture of this size is really written in: WebP replaces an AVIF of more than
    /// ``maximumAVIFPixels``.
    public static func format(for wanted: ImageFormat, size: PixelSize) -> ImageFormat {
        guard wanted == .avif, size.pixels > maximumAVIFPixels else { return wanted }
        return max(size.width, size.height) <= ImageFormat.webp.capabilities.maximumSide ? .webp : .avif
    }

    /// Encodes a picture.
    ///
    /// JPEG: progressive, optimised Huffman tables, chroma halved (4:2:0) below quality 90 and full (4:4:4) from there.
    /// WebP: lossy, alpha kept exactly. AVIF: 8 bits, chroma as in JPEG. PNG: exact, in the smallest form: grey,
    /// opaque, or with a palette if that holds every pixel.
    ///
    /// - Parameters:
    ///   - quality: 1 to 100, about the same visible quality in every format; nil is ``defaultQuality``. PNG has none.
    ///   - coding: for a JPEG.
    ///   - metadata: written as EXIF.
    /// - Throws: `unsupported` for transparent pixels as JPEG (blend them over a colour first); `tooLarge` if the
    ///   format cannot hold so long a side, or so many pixels as AVIF (see ``format(for:size:)``); `outOfMemory`,
    ///   `cancelled`, `internalError`.
    public static func encode(
        _ pixels: borrowing PixelBuffer, format: ImageFormat, quality: Int?, coding: JPEGCoding = .progressive,
        metadata: EncodedMetadata?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        let longest = max(pixels.width, pixels.height)
        guard longest <= format.capabilities.maximumSide else {
            throw .tooLarge(
                limit: "the longer side of a \(format.rawValue) image", value: longest,
                maximum: format.capabilities.maximumSide)
        }
        let quality = min(max(quality ?? defaultQuality, 1), 100)
        let exif = metadata?.exifBlock()
        switch format {
        case .jpeg:
            return try encodeJPEG(pixels, quality: quality, coding: coding, exif: exif, cancelled: cancelled)
        case .png: return try encodePNG(pixels, exif: exif, cancelled: cancelled)
        case .avif: return try encodeAVIF(pixels, quality: quality, exif: exif, cancelled: cancelled)
        case .webp:
            let file = try encodeWebP(
                pixels, quality: QualityScale.webp(quality), isLossless: false, cancelled: cancelled)
            guard let exif else { return file }
            return try unsafe WebPContainer.rebuild(file.span.bytes, size: pixels.size, exif: exif)
        }
    }

    private static func encodeJPEG(
        _ pixels: borrowing PixelBuffer, quality: Int, coding: JPEGCoding, exif: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        guard !pixels.layout.hasAlpha else { throw .unsupported("JPEG has no transparency") }
        let segment = exif.map { ExifLocation.signature + $0 } ?? []
        return try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe segment.span.bytes.withCBytes { (pointer, count) in
                    unsafe tt_jpeg_encode(
                        samples, width, height, channels, Int32(quality), !halvesChroma(quality, coding),
                        coding == .progressive, count == 0 ? nil : pointer, count, cancelled.pointer, &buffer)
                }
            }
            try check(status, format: "JPEG")
        }
    }

    /// zlib's level and libpng's filters (PNG_FILTER_SUB, UP and AVG). Two photos of 1,200 pixels took 111 ms and
    /// 2.47 MB; with all filters and level 6 614 ms and 2.36 MB, without filters at level 6 169 ms and 3.54 MB.
    private static let pngSettings = tt_png_settings(level: 2, filters: 0x70)

    private static func encodePNG(
        _ pixels: borrowing PixelBuffer, exif: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        var file = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe tt_png_encode(samples, width, height, channels, pngSettings, cancelled.pointer, &buffer)
            }
            try check(status, format: "PNG")
        }
        // After the signature and IHDR, which always has 13 bytes.
        if let exif { file.insert(contentsOf: PNGChunk.encode(PNGChunk.exif, exif), at: 8 + 12 + 13) }
        return file
    }

    /// libwebp's method. By cwebp over four photos of 1,200 pixels, reading included: method 2 took 72 ms for 104 kB at
    /// a mean SSIM of 0.9659, 4 127 ms for 102 kB at 0.9681, 6 232 ms for 96 kB at 0.9650.
    static let webpMethod: Int32 = 4

    static func encodeWebP(
        _ pixels: borrowing PixelBuffer, quality: Float, isLossless: Bool, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe tt_webp_encode(
                    samples, width, height, channels, quality, isLossless, webpMethod, cancelled.pointer, &buffer)
            }
            try check(status, format: "WebP")
        }
    }

    /// libavif's speed. By avifenc over the same photos, reading included: speed 9 took 105 ms for 82 kB at 0.9656, 8
    /// 168 ms for 80 kB at 0.9666, 6 498 ms for 82 kB at 0.9703, 4 2.6 s for 82 kB at 0.9722.
    private static let avifSpeed: Int32 = 8
    /// Alpha is nearly exact; coarser levels show as a fringe.
    private static let avifAlphaLevel: Int32 = 4
    /// What libavif and libaom take at that speed, including the file: at most 49 were measured, on noise of a
    /// megapixel with alpha at quality 100; 28 at quality 80.
    static let avifBytesPerPixel = 52

    private static func encodeAVIF(
        _ pixels: borrowing PixelBuffer, quality: Int, exif: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        guard pixels.size.pixels <= maximumAVIFPixels else {
            throw .tooLarge(
                limit: "the number of pixels of an AVIF", value: pixels.size.pixels, maximum: maximumAVIFPixels)
        }
        let settings = tt_avif_settings(
            level: Int32(QualityScale.avif(quality)), alpha_level: avifAlphaLevel, speed: avifSpeed,
            full_chroma: quality >= fullChromaQuality)
        let block = exif ?? []
        return try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe block.span.bytes.withCBytes { (pointer, count) in
                    unsafe tt_avif_encode(
                        samples, width, height, channels, settings, count == 0 ? nil : pointer, count,
                        cancelled.pointer, &buffer)
                }
            }
            try check(status, format: "AVIF")
        }
    }
}

extension PixelBuffer {
    /// Passes the samples to C, with width, height and channels.
    borrowing func withCPixels<Result>(
        _ body: (UnsafePointer<UInt8>, UInt32, UInt32, UInt32) -> Result
    ) -> Result {
        let (width, height, channels) = (UInt32(width), UInt32(height), UInt32(layout.bytesPerPixel))
        return withBytes { bytes in
            unsafe bytes.withCBytes { (pointer, _) in unsafe body(pointer, width, height, channels) }
        }
    }
}
