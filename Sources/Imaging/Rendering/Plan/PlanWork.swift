import ImageCodecs
public import ImageModel

/// How much work a rendition is, as a number of bytes: those of the pixels of a plain JPEG that would be decoded in the
/// same time. Codec permits are shared by this number.
extension RenderPlan {
    /// - Parameter info: the info that the plan was made from.
    public func workBytes(info: ImageInfo, spec: RenditionSpec) -> Int {
        let frames = isAnimated ? max(1, info.frames ?? 1) : 1
        return Self.sum(
            Self.product(frames, info.size.pixels, Self.decodingPrice(of: info.format)),
            Self.product(frames, outputSize.pixels, makingPrice(spec)))
    }

    /// Bytes of the pixels that are read, and of those that are made.
    public func pixelBytes(info: ImageInfo) -> Int {
        let frames = isAnimated ? max(1, info.frames ?? 1) : 1
        return Self.sum(Self.product(frames, info.size.pixels, 4), Self.product(outputSize.pixels, 4))
    }

    /// Pixels that are decoded and pixels that are made, of all frames.
    public func pixels(info: ImageInfo) -> Int {
        let frames = isAnimated ? max(1, info.frames ?? 1) : 1
        return Self.sum(Self.product(frames, info.size.pixels), Self.product(frames, outputSize.pixels))
    }

    /// For a pixel of a PNG or WebP that is decoded and encoded again without loss.
    public static let losslessPrice = 36

    /// For a pixel that is read. Four bytes of a plain JPEG are the unit; the others take two or three times as long.
    private static func decodingPrice(of format: ImageFormat) -> Int {
        switch format {
        case .jpeg: 4
        case .png, .webp: 8
        case .avif: 12
        }
    }

    /// For a pixel that is made. Estimates: a million pixels take about 20 ms as a JPEG, 55 as a PNG, 120 as a WebP and
    /// 170 as an AVIF, when a million pixels of a plain JPEG take 8 ms to decode. No benchmark of this project checks
    /// them.
    private func makingPrice(_ spec: RenditionSpec) -> Int {
        let encoding =
            switch outputFormat(spec) {
            case .jpeg: 10
            case .png: 28
            case .webp: 60
            case .avif: 86
            }
        // A limit of bytes needs several encodings.
        let rounds = spec.maximumBytes == nil ? 1 : 5
        return rounds * encoding + (blur == nil ? 0 : 8) + (sharpen == nil ? 0 : 8) + (resampling == nil ? 0 : 4)
    }

    private static func product(_ factors: Int...) -> Int {
        factors.reduce(1) { product, factor in
            let (value, overflows) = product.multipliedReportingOverflow(by: factor)
            return overflows ? .max : value
        }
    }

    private static func sum(_ first: Int, _ second: Int) -> Int {
        let (value, overflows) = first.addingReportingOverflow(second)
        return overflows ? .max : value
    }
}
