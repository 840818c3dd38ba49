import ImageModel

/// How much a decoder can reduce a picture while it decodes, at almost no cost.
enum DecodeScale {
    /// 8, 4, 2 or 1 for a JPEG, any whole number for a WebP without alpha, 1 for the others.
    ///
    /// libjpeg drops the high frequencies of its 8x8 blocks, libwebp takes means; both are plain box filters and alias
    /// a little. So at least a factor of two is left for the good filter (the same margin as in libvips' thumbnail),
    /// and some more at an eighth of a JPEG, where only the mean of each block is left: at 2.0, SSIM against Lanczos of
    /// the whole picture was 0.988 on a photo of 18 megapixels, below libvips' 0.990; at 2.3 it was above it.
    ///
    /// A WebP with alpha is decoded at full size: for a lossy one, libwebp takes means of colours and of alpha
    /// separately, so that colours hidden under full transparency bleed into the edges. The info does not tell whether
    /// it is lossy.
    ///
    /// - Parameter isIntermediate: nobody sees the result, and everything made from it is at least twice as small: the
    ///   good filter is applied then.
    static func denominator(
        of info: ImageInfo, region: SourceRegion, target: PixelSize, isIntermediate: Bool = false
    ) -> Int {
        let factor = min(region.width / Double(target.width), region.height / Double(target.height))
        switch info.format {
        case .jpeg where isIntermediate: return [8, 4, 2].first { Double($0) <= factor } ?? 1
        case .jpeg: return [(8, 2.3), (4, 2), (2, 2)].first { Double($0) * $1 <= factor }?.0 ?? 1
        // Within what a decoder accepts, whatever the sides are.
        case .webp where !info.hasAlpha: return Int(min(max(factor / 2, 1), 4_096))
        case .webp, .png, .avif: return 1
        }
    }

    /// The position of a part of the picture after a reduction by the decoder: a JPEG is cut if a side is no multiple,
    /// a WebP is scaled to whole pixels.
    static func reduce(_ region: SourceRegion, of info: ImageInfo, by denominator: Int) -> SourceRegion {
        if info.format == .jpeg || denominator == 1 { return region.reduced(by: denominator) }
        let size = info.size
        let x = Double((size.width + denominator - 1) / denominator) / Double(size.width)
        let y = Double((size.height + denominator - 1) / denominator) / Double(size.height)
        return SourceRegion(x: region.x * x, y: region.y * y, width: region.width * x, height: region.height * y)
    }
}
