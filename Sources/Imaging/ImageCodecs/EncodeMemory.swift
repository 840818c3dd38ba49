public import ImageModel

extension ImageEncoder {
    /// Up to so many pixels, libwebp keeps its tokens in memory; for larger pictures our encoder turns that off.
    private static let webpTokenPixels = 4_000_000

    /// The most bytes that encoding takes, including the output file, without the pixels passed in. The factors are
    /// bytes per pixel, measured on noise, which compresses worst, and rounded up.
    public static func memoryBytes(size: PixelSize, format: ImageFormat, quality: Int?, hasAlpha: Bool) -> Int {
        let pixels = size.pixels
        // Tables, windows and rows of libjpeg, libpng and libwebp, for any size.
        let rows = size.width * 256 + (4 << 20)
        switch format {
        case .jpeg:
            // A progressive JPEG's coefficients take two bytes per sample, in whole blocks: three samples per pixel at
            // full chroma, else one and a half. The file is in memory twice while it is copied.
            let padded = (size.width + 31) * (size.height + 31)
            return padded * (quality ?? defaultQuality >= fullChromaQuality ? 12 : 6) + rows
        case .png:
            // Incompressible pixels are as large as the picture: the file, its growing buffer, and the copy.
            return pixels * (hasAlpha ? 4 : 3) * 3 + rows
        case .webp:
            // The picture as YUV, the coded partitions and the file; the tokens; and alpha, which the lossless encoder
            // encodes, whose hash chain and references took 31 bytes per pixel.
            return pixels * ((pixels > webpTokenPixels ? 12 : 28) + (hasAlpha ? 32 : 0)) + rows
        case .avif:
            return avifBytesPerPixel * pixels + ImageDecoder.workingBytes
        }
    }
}
