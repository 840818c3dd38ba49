import CImageCodecs
public import ImageModel

extension ImageDecoder {
    /// What libjpeg, libpng, libwebp and lcms2 take beside the picture itself: row buffers, tables, windows.
    static let workingBytes = 4 << 20

    /// The largest number of bytes that decoding takes, pixels handed out included, for any file with this header, but
    /// for what an embedded colour profile takes.
    ///
    /// It assumes the worst coding of the format: a progressive JPEG of four full-size components holds eight bytes
    /// of coefficients per pixel. Where the file is at hand ``memoryBytes(file:info:scaleDenominator:limits:)`` is
    /// closer.
    public static func memoryBytes(info: ImageInfo, scaleDenominator: Int = 1) -> Int {
        let whole = info.size.pixels
        switch info.format {
        case .jpeg:
            // Components are padded to whole blocks of at most 32 by 32 pixels.
            let padded = (info.size.width + 31) * (info.size.height + 31)
            return padded * 8 + scaledPixels(info, scaleDenominator) * 4 + info.size.width * 256 + workingBytes
        case .png:
            // Interlaced samples of 16 bits are held as such until the last pass.
            return whole * 12 + info.size.width * 32 + workingBytes
        case .webp:
            // VP8L holds the picture as four bytes a pixel beside the output; VP8 less.
            return whole * 4 + scaledPixels(info, scaleDenominator) * 4 + info.size.width * 128 + workingBytes
        case .avif:
            // Two sets of planes (a grid's tiles and the whole, or a picture before and after film grain) of three
            // samples and alpha, of two bytes each, beside the picture in 16 bits and the output.
            return whole * 28 + info.size.width * 256 + workingBytes
        }
    }

    /// The same for one file, whose header says how it is coded, with what its colour profile takes. Falls back to the
    /// worst case where it cannot be read.
    public static func memoryBytes(
        file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, limits: CodecLimits
    ) -> Int {
        codingBytes(file: file, info: info, scaleDenominator: scaleDenominator, limits: limits)
            + profileBytes(file: file, info: info, limits: limits)
    }

    /// The profile itself, lcms2's copy, and its tables: five times as much was measured for tables of 16 bits, whose
    /// samples of 8 bits are spread to twice their size.
    private static func profileBytes(file: RawSpan, info: ImageInfo, limits: CodecLimits) -> Int {
        let source: ColorSource? =
            switch info.format {
            case .jpeg: (try? JPEGHeader.read(file, limits: limits))?.profile.map { .profile($0) }
            case .png: (try? PNGHeader.read(file, limits: limits))?.colors
            case .webp: (try? WebPHeader.read(file, limits: limits))?.profile.map { .profile($0) }
            case .avif: (try? AVIFHeader.read(file, limits: limits))?.colors
            }
        guard case .profile(let bytes) = source else { return 0 }
        return 8 * bytes.count
    }

    private static func codingBytes(
        file: RawSpan, info: ImageInfo, scaleDenominator: Int, limits: CodecLimits
    ) -> Int {
        let worst = memoryBytes(info: info, scaleDenominator: scaleDenominator)
        switch info.format {
        case .jpeg:
            guard let header = try? JPEGHeader.read(file, limits: limits), let coding = header.coding else {
                return worst
            }
            let samples = coding.color == .TT_JPEG_GRAY ? 1 : coding.color == .TT_JPEG_COLOR ? 3 : 4
            let coefficients = coding.has_many_scans ? Int(coding.coefficient_bytes) : 0
            let output = scaledPixels(info, scaleDenominator) * samples
            return min(worst, coefficients + output + info.size.width * 256 + workingBytes)
        case .png:
            guard let header = try? PNGHeader.read(file, limits: limits) else { return worst }
            let isGray = header.coding.color_type & 2 == 0 && !header.info.hasAlpha
            let samples = header.info.hasAlpha ? 4 : isGray ? 1 : 3
            let isHeld = header.coding.bit_depth == 16 && header.coding.is_interlaced && header.colors != nil
            let bytes = samples * (isHeld ? 3 : 1)
            return min(worst, info.size.pixels * bytes + info.size.width * 32 + workingBytes)
        case .webp:
            guard let header = try? WebPHeader.read(file, limits: limits), !header.coding.is_lossless else {
                return worst
            }
            // VP8 keeps some rows; alpha comes as a plane of its own.
            let samples = header.info.hasAlpha ? 4 : 3
            let alpha = header.info.hasAlpha ? info.size.pixels : 0
            return min(
                worst, alpha + scaledPixels(info, scaleDenominator) * samples + info.size.width * 128 + workingBytes)
        case .avif:
            guard let header = try? AVIFHeader.read(file, limits: limits) else { return worst }
            // dav1d pads planes to whole superblocks of 128 pixels and keeps about a tenth of a picture in tables.
            let coded = (header.codedSize.width + 127) * (header.codedSize.height + 127)
            let (width, samples) = (header.depth > 8 ? 2 : 1, header.info.hasAlpha ? 4 : 3)
            let planes = (header.hasFullChroma ? 6 : 3) * width + (header.info.hasAlpha ? 2 * width : 0)
            let isDeep = header.depth > 8 && header.colors != nil
            let isCut = header.codedSize != info.size
            let held = samples * (isDeep ? 2 : isCut ? 1 : 0)
            return coded * (planes + held + 1) + info.size.pixels * samples + info.size.width * 256 + workingBytes
        }
    }

    private static func scaledPixels(_ info: ImageInfo, _ denominator: Int) -> Int {
        let divisor = max(1, denominator)
        return ((info.size.width + divisor - 1) / divisor) * ((info.size.height + divisor - 1) / divisor)
    }
}
