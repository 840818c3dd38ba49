public import ImageModel

extension ImageEncoder {
    /// The largest number of bytes that encoding takes, beside the pixels handed in and the file that comes out.
    public static func memoryBytes(size: PixelSize, layout: PixelBuffer.Layout, format: ImageFormat) -> Int {
        let rows = size.width * 256 + (4 << 20)
        switch format {
        case .jpeg:
            // All coefficients of a progressive file, two bytes each, at full chroma.
            return (size.width + 31) * (size.height + 31) * 2 * (layout == .gray8 ? 1 : 3) + rows
        case .png:
            return rows
        case .webp:
            // YUV and the coded partitions, or grey spread to RGB first. Alpha goes through the lossless encoder, whose
            // hash chain and references took 31 bytes a pixel on noise.
            return size.pixels * (layout.hasAlpha ? 40 : 12) + rows
        case .avif:
            return ImageEncoder.avifBytesPerPixel * size.pixels + ImageDecoder.workingBytes
        }
    }
}
