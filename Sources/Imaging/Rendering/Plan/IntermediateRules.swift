public import ImageModel

/// The intermediate between a large original and its renditions: small renditions are made from it, at a small part of
/// the cost of decoding the original.
///
/// It is a rendition like any other, upright, in sRGB, of high quality. It is a JPEG, so only pictures without
/// transparency have one. If the original may be lossless, it serves only lossy renditions.
public struct IntermediateRules: Sendable, Hashable {
    /// The longer side of the intermediate, in pixels.
    public let side: Int
    /// 1 to 100.
    public let quality: Int

    /// Rules from the two settings. Checks no range.
    public init(side: Int, quality: Int) {
        self.side = side
        self.quality = quality
    }

    /// An original has an intermediate only if its longer side is so many times longer: else there is little to gain.
    private static let gain = 1.5
    /// No decoder accepts more. A header's numbers are not trusted, and products of larger sides could overflow.
    private static let maximumPixels = 1 << 40
    /// Renditions are so many times smaller than the intermediate that the second compression is invisible, and that
    /// the decoder can still halve it. Just below two, since the shorter sides of both are rounded.
    private static let margin = 1.995

    /// The intermediate of this picture; nil if it has none.
    public func intermediate(of info: ImageInfo) -> RenditionSpec? {
        guard info.size.pixels <= Self.maximumPixels, !info.hasAlpha, !info.isAnimation, (info.frames ?? 1) == 1,
            Double(longerSide(of: info)) >= Double(side) * Self.gain
        else { return nil }
        return RenditionSpec(
            width: side, height: side, fit: .scaleDown, format: .jpeg, quality: quality, isIntermediate: true)
    }

    /// The approximate size of this picture's intermediate.
    public func size(of info: ImageInfo) -> PixelSize {
        let longer = longerSide(of: info)
        let seen = info.displaySize
        return PixelSize(
            width: max(1, min(side, seen.width * side / longer)), height: max(1, min(side, seen.height * side / longer))
        )
    }

    /// Whether a rendition may be made from the picture's intermediate.
    public func serves(_ spec: RenditionSpec, of info: ImageInfo) -> Bool {
        // Clients that want exact pixels of an exact original, or nearly exact ones, should get them.
        if info.format == .png || info.format == .webp {
            guard let asked = spec.quality, asked <= quality else { return false }
        }
        let seen = spec.rotation.swapsAxes ? info.displaySize.transposed : info.displaySize
        let placement = Placement(
            of: seen, width: spec.width, height: spec.height, fit: spec.fit, gravity: spec.gravity)
        // Attention is found in the pixels, and other pixels might lead to another position.
        guard spec.gravity != .smart || placement.region.isWhole(of: seen) else { return false }
        let reduction = min(
            placement.region.width / Double(placement.size.width),
            placement.region.height / Double(placement.size.height))
        return reduction * Double(side) / Double(longerSide(of: info)) >= Self.margin
    }

    private func longerSide(of info: ImageInfo) -> Int { max(info.size.width, info.size.height) }
}
