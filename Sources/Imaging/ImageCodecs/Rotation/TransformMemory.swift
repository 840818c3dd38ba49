import CImageCodecs
public import ImageModel

extension ImageTransform {
    /// The most bytes that rotating this file takes, without the file itself and the new one.
    ///
    /// Never throws: if the header cannot be read, the transform fails before it allocates memory, and the result is
    /// that of the worst file of this size.
    public static func memoryBytes(file: RawSpan, info: ImageInfo, limits: CodecLimits) -> Int {
        // A thumbnail is rotated after the picture itself has freed its memory.
        max(pictureBytes(file: file, info: info, limits: limits), Thumbnail.workingBytes)
    }

    private static func pictureBytes(file: RawSpan, info: ImageInfo, limits: CodecLimits) -> Int {
        let working = ImageDecoder.workingBytes + info.size.width * 256 + info.size.height * 256
        switch info.format {
        case .jpeg:
            guard let header = try? JPEGHeader.read(file, limits: limits), let coding = header.coding else {
                return 2 * ImageDecoder.memoryBytes(info: info)
            }
            let coefficients = Int(coding.coefficient_bytes)
            let samples = info.size.pixels * Int(coding.components)
            // Two sets of coefficients. Or, if the grid does not fit, the larger of two: the samples before and after,
            // with the old coefficients of a file of many scans; the samples, with old and new coefficients.
            let old = coding.has_many_scans ? coefficients : 0
            return max(2 * coefficients, old + samples + max(samples, coefficients)) + working
        case .png:
            guard let header = try? PNGHeader.read(file, limits: limits) else { return 16 * info.size.pixels + working }
            return 2 * info.size.pixels * header.bytesPerPixel + working
        case .avif:
            return working
        case .webp:
            // libwebp's lossless encoder, which also encodes alpha, keeps a hash chain, its references and several
            // copies: 37 bytes per pixel were measured on noise; the lossy one stays under ten.
            let isLossless = (try? WebPHeader.read(file, limits: limits))?.coding.is_lossless ?? true
            guard isLossless || info.hasAlpha else { return 20 * info.size.pixels + working }
            return 48 * info.size.pixels + histogramBytes(pixels: info.size.pixels) + working
        }
    }

    /// The memory in which libwebp's lossless encoder counts symbols: for each tile, of at least 8 by 8 pixels and at
    /// most 2,600 in total, two sets of 2,112 counts and some sums. In small pictures that is more than everything
    /// else.
    private static func histogramBytes(pixels: Int) -> Int { min(pixels / 64 + 1, 2_600) * 2 * 8_704 }
}

extension PNGHeader {
    /// Bytes per pixel when samples of less than eight bits get one byte each (PNG, table 12).
    var bytesPerPixel: Int {
        let samples =
            switch coding.color_type {
            case 2: 3
            case 4: 2
            case 6: 4
            default: 1
            }
        return samples * (coding.bit_depth == 16 ? 2 : 1)
    }
}
