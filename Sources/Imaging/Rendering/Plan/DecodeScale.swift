import ImageModel

/// How much smaller the decoder may make a picture while it decodes, at almost no cost.
enum DecodeScale {
    /// 8, 4, 2 or 1 for a JPEG, any whole number for a WebP without alpha, 1 for the others.
    ///
    /// libjpeg drops the high frequencies of its 8x8 blocks, libwebp takes means; both are plain box filters and alias
    /// a little. At least a factor of two is therefore left for the good filter (the same margin as libvips'
    /// thumbnail), and some more at an eighth of a JPEG, where of each block only its mean is left: at 2.0 SSIM against
    /// the whole picture's Lanczos was 0.988 on a photo of 18 megapixels, below libvips' 0.990, at 2.3 it was above it.
    ///
    /// A WebP with alpha is decoded whole: of a lossy one libwebp takes means of colours and of alpha apart, so that
    /// what is hidden under full transparency bleeds into the edges. Whether it is lossy its info does not tell.
    ///
    /// - Parameter isIntermediate: nobody looks at what comes out, and all that is made of it is at least twice as
    ///   small:
    ///   the good filter comes then.
    static func denominator(
        of info: ImageInfo, region: SourceRegion, target: PixelSize, isIntermediate: Bool = false
    ) -> Int {
        let factor = min(region.width / Double(target.width), region.height / Double(target.height))
        switch info.format {
        case .jpeg where isIntermediate: return [8, 4, 2].first { Double($0) <= factor } ?? 1
        case .jpeg: return [(8, 2.3), (4, 2), (2, 2)].first { Double($0) * $1 <= factor }?.0 ?? 1
        // Within what a decoder takes, whatever the sides are.
        case .webp where !info.hasAlpha: return Int(min(max(factor / 2, 1), 4_096))
        case .webp, .png, .avif: return 1
        }
    }

    /// Where a part of the picture lies once it is decoded smaller: a JPEG is cut where a side is no multiple, a WebP
    /// is spread over the whole pixels that are left.
    static func reduce(_ region: SourceRegion, of info: ImageInfo, by denominator: Int) -> SourceRegion {
        if info.format == .jpeg || denominator == 1 { return region.reduced(by: denominator) }
        let size = info.size
        let x = Double((size.width + denominator - 1) / denominator) / Double(size.width)
        let y = Double((size.height + denominator - 1) / denominator) / Double(size.height)
        return SourceRegion(x: region.x * x, y: region.y * y, width: region.width * x, height: region.height * y)
    }
}
