/// The setting of each encoder for a quality of 1 to 100, so that the same number looks about the same in every format.
///
/// JPEG's own scale is the reference. For the others it is the setting whose mean SSIM (Wang et al. 2004: luma,
/// Gaussian window of 1.5 pixels) equals that of libjpeg-turbo's JPEG at this quality, over five photos of 640 pixels,
/// reduced from larger ones; cwebp 1.2.4 with method 4, libaom 3.6 with libavif 0.11.1 at speed 8 and tune=ssim. Values
/// between the anchors are interpolated.
enum QualityScale {
    /// One line: quality, libwebp's quality, libaom's level.
    struct Anchor: Sendable {
        var quality: Double
        var webp: Double
        var avif: Double
    }

    /// The mean SSIM was 0.639, 0.831, 0.896, 0.921, 0.934, 0.943, 0.951, 0.960, 0.964, 0.970, 0.976, 0.983, 0.990 and
    /// 0.999. WebP and AVIF cannot be as bad as a JPEG of quality 1, and WebP cannot be as good as one of 100.
    static let anchors: [Anchor] = [
        Anchor(quality: 1, webp: 0, avif: 63), Anchor(quality: 10, webp: 1, avif: 54),
        Anchor(quality: 20, webp: 17, avif: 42), Anchor(quality: 30, webp: 32, avif: 37),
        Anchor(quality: 40, webp: 44, avif: 34), Anchor(quality: 50, webp: 54, avif: 32),
        Anchor(quality: 60, webp: 65, avif: 30), Anchor(quality: 70, webp: 76, avif: 26),
        Anchor(quality: 75, webp: 79, avif: 25), Anchor(quality: 80, webp: 82, avif: 22),
        Anchor(quality: 85, webp: 86, avif: 18), Anchor(quality: 90, webp: 90, avif: 12),
        Anchor(quality: 95, webp: 96, avif: 6), Anchor(quality: 100, webp: 100, avif: 1),
    ]

    /// libwebp's quality, 0 to 100.
    static func webp(_ quality: Int) -> Float { Float(value(quality, \.webp)) }

    /// libaom's constant-quality level, 63 (worst) to 1.
    static func avif(_ quality: Int) -> Int { Int(value(quality, \.avif).rounded()) }

    private static func value(_ quality: Int, _ column: (Anchor) -> Double) -> Double {
        let wanted = Double(min(max(quality, 1), 100))
        guard var before = anchors.first else { return wanted }
        for anchor in anchors {
            if wanted <= anchor.quality {
                let span = anchor.quality - before.quality
                let part = span > 0 ? (wanted - before.quality) / span : 1
                return column(before) + part * (column(anchor) - column(before))
            }
            before = anchor
        }
        return column(before)
    }
}
