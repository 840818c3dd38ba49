public import ImageModel

extension ImageEncoder {
    /// Up to so many pixels libwebp keeps its tokens in memory; our encoder tells it not to for larger pictures.
    private static let webpTokenPixels = 4_000_000

    /// The largest number of bytes that encoding takes, the file that comes out included, beside the pixels handed in.
    /// Factors in bytes per pixel, measured on noise, which is what packs worst, and rounded up.
    public static func memoryBytes(size: PixelSize, format: ImageFormat, quality: Int?, hasAlpha: Bool) -> Int {
        let pixels = size.pixels
        // libjpeg, libpng and libwebp, whatever the size: tables, windows, rows.
        let rows = size.width * 256 + (4 << 20)
        switch format {
        case .jpeg:
            // A progressive JPEG's coefficients take two bytes a sample, for three samples a pixel at full chroma and
            // else one and a half, in whole blocks; the file is held twice while it is handed over.
            let padded = (size.width + 31) * (size.height + 31)
            return padded * (quality ?? defaultQuality >= fullChromaQuality ? 12 : 6) + rows
        case .png:
            // What does not pack is as large as the picture: the file, its growing buffer, the copy handed over.
            return pixels * (hasAlpha ? 4 : 3) * 3 + rows
        case .webp:
            // The picture as YUV, the coded partitions and the file; the tokens; and alpha, which goes through the
            // lossless encoder, whose hash chain and references took 31 bytes a pixel.
            return pixels * ((pixels > webpTokenPixels ? 12 : 28) + (hasAlpha ? 32 : 0)) + rows
        case .avif:
            return avifBytesPerPixel * pixels + ImageDecoder.workingBytes
        }
    }
}
