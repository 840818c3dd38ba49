import ImageCodecs
import ImageModel

/// What the encoders take.
enum EncodeMemory {
    /// libjpeg, libpng and libwebp, whatever the size: tables, windows, rows.
    private static let baseBytes = 4 << 20
    /// Up to so many pixels libwebp keeps its tokens in memory; our encoder tells it not to for larger pictures.
    private static let webpTokenPixels = 4_000_000

    /// An upper bound for an encoder's work and the file it makes, beside the picture it is given. Factors in bytes
    /// per pixel, measured on noise, which is what packs worst, and rounded up.
    static func bytes(of size: PixelSize, format: ImageFormat, quality: Int?, hasAlpha: Bool) -> Int {
        let pixels = size.pixels
        switch format {
        case .jpeg:
            // A progressive JPEG's coefficients take two bytes a sample, for three samples a pixel at full chroma (from
            // quality 90) and else one and a half; the file is held twice while it is handed over.
            return pixels * (quality ?? 0 >= 90 ? 12 : 6) + baseBytes
        case .png:
            // What does not pack is as large as the picture: the file, its growing buffer, the copy handed over.
            return pixels * (hasAlpha ? 4 : 3) * 3 + baseBytes
        case .avif:
            return ImageEncoder.memoryBytes(size: size, layout: hasAlpha ? .rgba8 : .rgb8, format: .avif)
        case .webp:
            // The picture as YUV and the file; the tokens; and alpha, which is packed without loss.
            let tokens = pixels > webpTokenPixels ? 0 : pixels * 22
            return pixels * 6 + tokens + (hasAlpha ? pixels * 32 : 0) + baseBytes
        }
    }
}
