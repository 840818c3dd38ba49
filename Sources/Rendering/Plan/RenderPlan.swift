import ImageCodecs
public import ImageModel

/// All that a rendition decides before a pixel is touched: made from header, request and limits alone.
public struct RenderPlan: Sendable, Hashable {
    /// The part of the decoded picture that is resampled, and the size that comes out; both as stored, before the
    /// picture is turned.
    public struct Resampling: Sendable, Hashable {
        public var region: SourceRegion
        public var size: PixelSize
    }

    /// The decoder makes the picture smaller by this: 1, 2, 4 or 8.
    public let scaleDenominator: Int
    /// Nil: the decoded picture has the right size already and is shown whole.
    public let resampling: Resampling?
    /// How the picture is turned after resampling.
    public let orientation: Orientation
    /// As seen.
    public let outputSize: PixelSize
    /// Whether transparency is blended over white, because the format asked for has none.
    public let flattens: Bool
    /// An upper bound of the bytes that the rendering takes at any moment, for any file with this header. Where the
    /// file is at hand, ``memoryBytes(file:info:limits:)`` is closer.
    public let memoryBytes: Int
    /// What is needed beside decoding: while the decoded picture is there, and after it.
    private let memoryWhileDecoded: Int
    private let memoryAfter: Int

    /// - Throws: ``RenderError/unsupported(_:)`` for an animation; ``RenderError/tooLarge(limit:value:maximum:)`` where
    ///   a side that was asked for, or one enlarged with it, passes ``RenderLimits/maximumSide``, where the format
    ///   cannot hold the result, or where the picture has too many pixels.
    public init(info: ImageInfo, spec: RenditionSpec, limits: RenderLimits) throws(RenderError) {
        guard info.frames ?? 1 == 1 else { throw .unsupported("the image is an animation") }
        try Self.check("the number of pixels", info.size.pixels, at: limits.codec.maximumPixels)
        for side in [spec.width, spec.height].compactMap(\.self) {
            guard side > 0 else { throw .unsupported("a side must be at least 1") }
            try Self.check("a side", side, at: limits.maximumSide)
        }

        // A box and a centred cut look the same from all sides, so an orientation does no more than exchange axes.
        let swaps = info.orientation.swapsAxes
        let placement = Placement(
            of: info.size, width: swaps ? spec.height : spec.width, height: swaps ? spec.width : spec.height,
            fit: spec.fit)
        let size = placement.size
        try Self.check(size, of: info.size, format: spec.format, limits: limits)

        let denominator = DecodeScale.denominator(format: info.format, region: placement.region, target: size)
        scaleDenominator = denominator
        let isCopy = size == info.size && placement.region.isWhole(of: info.size)
        resampling = isCopy ? nil : Resampling(region: placement.region.reduced(by: denominator), size: size)
        orientation = info.orientation
        outputSize = swaps ? size.transposed : size
        flattens = info.hasAlpha && !spec.format.capabilities.hasAlpha

        let output = size.pixels * (info.hasAlpha ? 4 : 3)
        let resamplingBytes = Resampler.workingBytes(
            inputWidth: info.size.width / denominator + 1, inputHeight: info.size.height / denominator + 1,
            output: size)
        memoryWhileDecoded = isCopy ? 0 : output + resamplingBytes
        // Turning and flattening take a second picture, before the encoder takes its own.
        let encoding = EncodeMemory.bytes(
            of: size, format: spec.format, quality: spec.quality, hasAlpha: info.hasAlpha)
        memoryAfter = output + max(output, encoding)
        memoryBytes = max(
            ImageDecoder.memoryBytes(info: info, scaleDenominator: denominator) + memoryWhileDecoded, memoryAfter)
    }

    /// An upper bound for this file, whose header says how it is coded: a sequential JPEG takes far less than a
    /// progressive one.
    public func memoryBytes(file: RawSpan, info: ImageInfo, limits: RenderLimits) -> Int {
        let decoding = ImageDecoder.memoryBytes(
            file: file, info: info, scaleDenominator: scaleDenominator, limits: limits.codec)
        return max(decoding + memoryWhileDecoded, memoryAfter)
    }

    private static func check(
        _ size: PixelSize, of source: PixelSize, format: ImageFormat, limits: RenderLimits
    ) throws(RenderError) {
        for (side, original) in [(size.width, source.width), (size.height, source.height)] where side > original {
            try check("a side", side, at: limits.maximumSide)
        }
        try check(
            "the longer side of a \(format.rawValue) image", max(size.width, size.height),
            at: format.capabilities.maximumSide)
    }

    private static func check(_ limit: String, _ value: Int, at maximum: Int) throws(RenderError) {
        guard value <= maximum else { throw .tooLarge(limit: limit, value: value, maximum: maximum) }
    }
}
