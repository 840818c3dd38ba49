public import ImageModel

/// The intermediate between a large original and its renditions: small renditions are made of it, at a small part of
/// what decoding the original costs.
///
/// It is a rendition as any other, upright, in sRGB, of high quality. It is a JPEG, so that only pictures without
/// transparency have one; and of an original that may be lossless it serves only what is lossy itself.
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

    /// An original has an intermediate only where its longer side is so much longer: else there is little to be gained.
    private static let gain = 1.5
    /// No decoder takes more. What a header says is not to be believed, and products of larger sides are no numbers.
    private static let maximumPixels = 1 << 40
    /// Renditions are so much smaller than the intermediate that nobody sees that it was compressed once more, and that
    /// the decoder may still halve it. Just below two, since the shorter sides of both are rounded.
    private static let margin = 1.995

    /// The intermediate of this picture; nil where it has none.
    public func intermediate(of info: ImageInfo) -> RenditionSpec? {
        guard info.size.pixels <= Self.maximumPixels, !info.hasAlpha, !info.isAnimation, (info.frames ?? 1) == 1,
            Double(longerSide(of: info)) >= Double(side) * Self.gain
        else { return nil }
        return RenditionSpec(
            width: side, height: side, fit: .scaleDown, format: .jpeg, quality: quality, isIntermediate: true)
    }

    /// About the size of this picture's intermediate.
    public func size(of info: ImageInfo) -> PixelSize {
        let longer = longerSide(of: info)
        let seen = info.displaySize
        return PixelSize(
            width: max(1, min(side, seen.width * side / longer)), height: max(1, min(side, seen.height * side / longer))
        )
    }

    /// Whether a rendition may be made of the picture's intermediate.
    public func serves(_ spec: RenditionSpec, of info: ImageInfo) -> Bool {
        // Who wants exact pixels of an exact original, or nearly, is to have them.
        if info.format == .png || info.format == .webp {
            guard let asked = spec.quality, asked <= quality else { return false }
        }
        let seen = spec.turn.swapsAxes ? info.displaySize.transposed : info.displaySize
        let placement = Placement(
            of: seen, width: spec.width, height: spec.height, fit: spec.fit, gravity: spec.gravity)
        // What draws attention is found in the pixels, and other pixels might show another place.
        guard spec.gravity != .smart || placement.region.isWhole(of: seen) else { return false }
        let reduction = min(
            placement.region.width / Double(placement.size.width),
            placement.region.height / Double(placement.size.height))
        return reduction * Double(side) / Double(longerSide(of: info)) >= Self.margin
    }

    private func longerSide(of info: ImageInfo) -> Int { max(info.size.width, info.size.height) }
}
