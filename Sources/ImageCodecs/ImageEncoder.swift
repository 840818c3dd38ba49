import CImageCodecs
public import ImageModel

/// Pixels to bytes. The colours are written as they are and mean sRGB: no profile is embedded.
public enum ImageEncoder {
    /// The quality used where none is given.
    public static let defaultQuality = 80
    /// From this quality on JPEG keeps its chroma at full size.
    static let fullChromaQuality = 90

    /// Encodes a picture.
    ///
    /// JPEG: progressive, optimised Huffman tables, chroma halved (4:2:0) below quality 90 and whole (4:4:4) from
    /// there. WebP: lossy, alpha kept exactly. PNG: deflate level 6, filters chosen row by row.
    ///
    /// - Parameters:
    ///   - quality: 1 to 100; nil is ``defaultQuality``. PNG has none.
    ///   - metadata: written as EXIF.
    /// - Throws: `unsupported` for transparent pixels as JPEG (blend them over a colour first), and where the format
    ///   cannot hold so long a side; `outOfMemory`, `cancelled`, `fault`.
    public static func encode(
        _ pixels: borrowing PixelBuffer, format: ImageFormat, quality: Int?, metadata: EncodedMetadata?,
        cancelled: CancelFlag
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
        case .jpeg: return try encodeJPEG(pixels, quality: quality, exif: exif, cancelled: cancelled)
        case .png: return try encodePNG(pixels, exif: exif, cancelled: cancelled)
        case .webp:
            let file = try encodeWebP(pixels, quality: Float(quality), isLossless: false, cancelled: cancelled)
            guard let exif else { return file }
            return try unsafe WebPContainer.rebuild(file.span.bytes, size: pixels.size, exif: exif)
        }
    }

    private static func encodeJPEG(
        _ pixels: borrowing PixelBuffer, quality: Int, exif: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        guard !pixels.layout.hasAlpha else { throw .unsupported("JPEG has no transparency") }
        let segment = exif.map { ExifLocation.signature + $0 } ?? []
        return try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe segment.span.bytes.withCBytes { (pointer, count) in
                    unsafe tt_jpeg_encode(
                        samples, width, height, channels, Int32(quality), quality >= fullChromaQuality,
                        count == 0 ? nil : pointer, count, cancelled.pointer, &buffer)
                }
            }
            try check(status, format: "JPEG")
        }
    }

    private static func encodePNG(
        _ pixels: borrowing PixelBuffer, exif: [UInt8]?, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        var file = try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe tt_png_encode(samples, width, height, channels, 6, cancelled.pointer, &buffer)
            }
            try check(status, format: "PNG")
        }
        // Behind the signature and IHDR, which has 13 bytes always.
        if let exif { file.insert(contentsOf: PNGChunk.encode(PNGChunk.exif, exif), at: 8 + 12 + 13) }
        return file
    }

    static func encodeWebP(
        _ pixels: borrowing PixelBuffer, quality: Float, isLossless: Bool, cancelled: CancelFlag
    ) throws(CodecError) -> [UInt8] {
        try unsafe collectingBytes { (buffer) throws(CodecError) in
            let status = unsafe pixels.withCPixels { (samples, width, height, channels) in
                unsafe tt_webp_encode(
                    samples, width, height, channels, quality, isLossless, cancelled.pointer, &buffer)
            }
            try check(status, format: "WebP")
        }
    }
}

extension PixelBuffer {
    /// Hands the samples to C with width, height and channels.
    borrowing func withCPixels<Result>(
        _ body: (UnsafePointer<UInt8>, UInt32, UInt32, UInt32) -> Result
    ) -> Result {
        let (width, height, channels) = (UInt32(width), UInt32(height), UInt32(layout.bytesPerPixel))
        return withBytes { bytes in
            unsafe bytes.withCBytes { (pointer, _) in unsafe body(pointer, width, height, channels) }
        }
    }
}
