import CImageCodecs
public import ImageModel

extension ImageDecoder {
    /// What libjpeg, libpng, libwebp and lcms2 need besides the picture itself: row buffers, tables, windows.
    static let workingBytes = 4 << 20

    /// The most bytes that decoding takes for any file with this header, including the returned pixels. Not included:
    /// what an embedded colour profile takes, and what the clean aperture of an AVIF cuts off.
    ///
    /// It assumes the worst coding of the format: a progressive JPEG of four full-size components has eight bytes of
    /// coefficients per pixel. If the file is here, ``memoryBytes(file:info:scaleDenominator:limits:)`` is more
    /// precise.
    public static func memoryBytes(info: ImageInfo, scaleDenominator: Int = 1) -> Int {
        let whole = info.size.pixels
        switch info.format {
        case .jpeg:
            // Components are padded to whole blocks of at most 32 by 32 pixels.
            let padded = (info.size.width + 31) * (info.size.height + 31)
            return padded * 8 + scaledPixels(info, scaleDenominator) * 4 + info.size.width * 256 + workingBytes
        case .png:
            // Interlaced samples of 16 bits stay in memory until the last pass.
            return whole * 12 + info.size.width * 32 + workingBytes
        case .webp:
            // VP8L keeps the picture as four bytes per pixel, besides the output. VP8 needs less, but has its alpha as
            // a plane and, while that is decoded, also as four bytes per pixel.
            return whole * 5 + scaledPixels(info, scaleDenominator) * 4 + info.size.width * 128 + workingBytes
        case .avif:
            // Two sets of planes (a grid's tiles and the whole, or a picture before and after film grain) of three
            // samples and alpha, two bytes each; also the picture in 16 bits, and the output.
            return whole * 28 + info.size.width * 256 + workingBytes
        }
    }

    /// The same for one file, whose header says how it is coded, and including its colour profile. Falls back to the
    /// worst case if the header cannot be read.
    public static func memoryBytes(
        file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, limits: CodecLimits
    ) -> Int {
        let worst = memoryBytes(info: info, scaleDenominator: scaleDenominator)
        let output = scaledPixels(info, scaleDenominator)
        switch info.format {
        case .jpeg:
            guard let header = try? JPEGHeader.read(file, limits: limits) else { return worst }
            return jpegBytes(header, output: output, worst: worst) + profileBytes(header.profile)
        case .png:
            guard let header = try? PNGHeader.read(file, limits: limits) else { return worst }
            return min(worst, pngBytes(header)) + profileBytes(header.colors)
        case .webp:
            guard let header = try? WebPHeader.read(file, limits: limits) else { return worst }
            return min(worst, webpBytes(header, output: output, worst: worst)) + profileBytes(header.profile)
        case .avif:
            guard let header = try? AVIFHeader.read(file, limits: limits) else { return worst }
            return avifBytes(header, fileBytes: file.byteCount) + profileBytes(header.colors)
        }
    }

    /// The profile itself, lcms2's copy, and its tables. Tables of 16 bits took five times as much in measurements;
    /// samples of 8 bits are expanded to twice their size.
    private static func profileBytes(_ profile: [UInt8]?) -> Int { 8 * (profile?.count ?? 0) }

    private static func profileBytes(_ colors: ColorSource?) -> Int {
        guard case .profile(let bytes) = colors else { return 0 }
        return profileBytes(bytes)
    }

    private static func jpegBytes(_ header: JPEGHeader, output: Int, worst: Int) -> Int {
        guard let coding = header.coding else { return worst }
        let samples = coding.color == .TT_JPEG_GRAY ? 1 : coding.color == .TT_JPEG_COLOR ? 3 : 4
        let coefficients = coding.has_many_scans ? Int(coding.coefficient_bytes) : 0
        return min(worst, coefficients + output * samples + header.info.size.width * 256 + workingBytes)
    }

    private static func pngBytes(_ header: PNGHeader) -> Int {
        let samples = header.info.hasAlpha ? 4 : header.isGray ? 1 : 3
        let isHeld = header.coding.bit_depth == 16 && header.coding.is_interlaced && header.colors != nil
        let size = header.info.size
        return size.pixels * samples * (isHeld ? 3 : 1) + size.width * 32 + workingBytes
    }

    private static func webpBytes(_ header: WebPHeader, output: Int, worst: Int) -> Int {
        if header.coding.is_lossless { return worst }
        // VP8 keeps some rows. Alpha is a separate plane, and libwebp decodes it as a lossless picture of four bytes
        // per pixel.
        let size = header.info.size
        let (samples, alpha) = header.info.hasAlpha ? (4, 5 * size.pixels) : (3, 0)
        return alpha + output * samples + size.width * 128 + workingBytes
    }

    private static func avifBytes(_ header: AVIFHeader, fileBytes: Int) -> Int {
        // Nothing is decoded in this case.
        guard case .success(let picture) = header.picture else { return workingBytes }
        let (size, codedSize) = (header.info.size, header.codedSize)
        // dav1d pads planes to whole superblocks of 128 pixels and needs about a tenth of a picture for tables.
        func padded(_ size: PixelSize) -> Int { (size.width + 127) * (size.height + 127) }
        // libavif takes depth and chroma from the AV1 data, whatever the boxes say, for alpha as well: two sets of
        // planes of the largest kind. All tiles are in memory at once, each counted with the size of the largest part.
        let parts = picture.color.parts + (picture.alpha?.parts ?? [])
        let part = parts.reduce(padded(codedSize)) { max($0, padded($1.size)) }
        let samples = header.info.hasAlpha ? 4 : 3
        let isDeep = header.depth > 8 && header.colors != nil
        let held = samples * (isDeep ? 2 : codedSize != size ? 1 : 0)
        let isGrid = picture.color.grid != nil || picture.alpha?.grid != nil
        // The joined tiles, and the stretched alpha.
        let assembled = isGrid ? 2 * samples : header.info.hasAlpha ? 2 : 0
        return parts.count * part * (2 * 2 * 3 + 1) + (parts.count - 1) * tileBytes
            + padded(codedSize) * (held + assembled) + (picture.isInPieces ? fileBytes : 0)
            + size.pixels * samples + size.width * 256 + workingBytes
    }

    /// What one more decoder takes besides its pictures: 0.4 MB were measured, for tiles of 64 by 64 pixels.
    private static let tileBytes = 1 << 20

    private static func scaledPixels(_ info: ImageInfo, _ denominator: Int) -> Int {
        let divisor = max(1, denominator)
        return ((info.size.width + divisor - 1) / divisor) * ((info.size.height + divisor - 1) / divisor)
    }
}
