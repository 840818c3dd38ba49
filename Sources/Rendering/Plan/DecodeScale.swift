import ImageModel

/// How much smaller the decoder may make a picture while it decodes, at almost no cost.
enum DecodeScale {
    /// 8, 4, 2 or 1 for a JPEG, 1 for the others.
    ///
    /// libjpeg drops the high frequencies of its 8x8 blocks, which is a plain box filter and aliases a little. At
    /// least a factor of two is therefore left for the good filter (the same margin as libvips' thumbnail).
    static func denominator(format: ImageFormat, region: SourceRegion, target: PixelSize) -> Int {
        guard format == .jpeg else { return 1 }
        let (width, height) = (Double(target.width * 2), Double(target.height * 2))
        return [8, 4, 2].first { denominator in
            let reduced = region.reduced(by: denominator)
            return reduced.width >= width && reduced.height >= height
        } ?? 1
    }
}
