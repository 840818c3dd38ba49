import ImageCodecs
public import ImageModel

/// Everything about a rendition that is decided before a pixel is touched, from header, request and limits alone. It
/// lists what the steps do; nil means that a step has nothing to do.
public struct RenderPlan: Sendable, Hashable {
    /// The part of the decoded picture that is resampled, and the resulting size; both as stored, before the picture is
    /// rotated.
    public struct Resampling: Sendable, Hashable {
        /// The part that is resampled, in pixels of the decoded picture.
        public var region: SourceRegion
        /// What comes out, in pixels.
        public var size: PixelSize
        /// The region keeps its size, but is moved to the centre of attention once the pixels are there.
        public var isSmart: Bool
    }

    /// How the picture is placed on a larger canvas.
    public struct Padding: Sendable, Hashable {
        /// The size of the canvas.
        public var size: PixelSize
        /// Column and row of the picture's top left corner.
        public var x: Int
        /// See ``x``.
        public var y: Int
        /// The colour of the canvas around the picture.
        public var color: Color
    }

    /// The decoder reduces the picture by this factor.
    public let scaleDenominator: Int
    /// Nil: the decoded picture already has the right size and is shown whole.
    public let resampling: Resampling?
    /// The standard deviation of a Gaussian bell, in pixels.
    public let blur: Double?
    /// Nil: the picture is not sharpened.
    public let sharpen: RenditionSpec.Sharpen?
    /// The colour that transparent pixels are blended over.
    public let background: Color?
    /// How the picture is rotated: to upright first, then as requested.
    public let orientation: Orientation
    /// Nil: no padding.
    public let padding: Padding?
    /// As seen, including padding.
    public let outputSize: PixelSize
    /// Every frame of an animation is rendered, and the result is an animated WebP.
    public let isAnimated: Bool
    /// The source is an animation, whose decoder returns whole frames in RGBA.
    let isPlayed: Bool
    /// An upper bound of the rendering's memory at any moment, in bytes, for any file with this header. If the file is
    /// here, ``memoryBytes(file:info:limits:)`` is more precise.
    public let memoryBytes: Int
    private let memory: PlanMemory

    /// - Throws: ``RenderError/unsupported(_:)`` for an animation in a format that only supports still pictures, unless
    ///   a still is requested; ``RenderError/tooLarge(limit:value:maximum:)`` if a requested side, or one enlarged with
    ///   it, exceeds ``RenderLimits/maximumSide``, if the format cannot hold the result, or if the picture has too many
    ///   pixels.
    /// - Parameter original: the size of the original, if `info` is that of its intermediate (see
    ///   ``IntermediateRules``): the rendition then has the same size, and shows the same part, as one made from the
    ///   original.
    public init(
        info: ImageInfo, of original: PixelSize? = nil, spec: RenditionSpec, limits: RenderLimits
    ) throws(RenderError) {
        let frames = info.frames ?? 1
        isPlayed = info.isAnimation
        // An animation of one frame is a still picture in another coding.
        isAnimated = frames > 1 && !spec.isStill
        if isAnimated { try Self.checkAnimation(info, spec) }
        // For an AVIF sequence only the first picture is decoded, in the layout of a still picture.
        let isWholeRGBA = isPlayed && info.format != .avif
        try Self.check("the number of pixels", info.size.pixels, at: limits.codec.maximumPixels)
        for side in [spec.width, spec.height].compactMap(\.self) {
            guard side > 0 else { throw .unsupported("a side must be at least 1") }
            try Self.check("a side", side, at: limits.maximumSide)
        }

        // Box and gravity apply to the picture as it is finally seen. But it is scaled as it is stored: after that
        // there are mostly fewer pixels to rotate.
        let orientation = info.orientation.followed(by: spec.rotation)
        let full = original ?? info.size
        let seen = orientation.swapsAxes ? full.transposed : full
        let placement = Placement(
            of: seen, width: spec.width, height: spec.height, fit: spec.fit, gravity: spec.gravity)
        let output = placement.canvas?.size ?? placement.size
        try Self.check(output, of: seen, format: isAnimated ? .webp : spec.format, limits: limits)
        if isAnimated { try Self.check(frames: frames, of: [info.size, output], limits: limits) }
        let region = placement.region.rotated(by: orientation.inverse, in: seen).scaled(from: full, to: info.size)
        let size = orientation.swapsAxes ? placement.size.transposed : placement.size

        let denominator =
            isPlayed
            ? 1
            : DecodeScale.denominator(of: info, region: region, target: size, isIntermediate: spec.isIntermediate)
        scaleDenominator = denominator
        let isWhole = region.isWhole(of: info.size)
        resampling =
            size == info.size && isWhole
            ? nil
            : Resampling(
                region: DecodeScale.reduce(region, of: info, by: denominator), size: size,
                isSmart: spec.gravity == .smart && !isWhole)
        blur = spec.blur
        sharpen = spec.sharpen
        background =
            info.hasAlpha || isWholeRGBA ? spec.background ?? (spec.format.capabilities.hasAlpha ? nil : .white) : nil
        self.orientation = orientation
        padding = placement.canvas.map { canvas in
            let isClear = info.hasAlpha && spec.format.capabilities.hasAlpha
            return Padding(
                size: canvas.size, x: canvas.x, y: canvas.y, color: spec.background ?? (isClear ? .clear : .white))
        }
        outputSize = output

        var decoded = info
        if isWholeRGBA { decoded.hasAlpha = true }
        memory = PlanMemory(
            info: decoded, spec: spec, denominator: denominator, resampling: resampling, size: size, padding: padding,
            animatedFrames: isAnimated ? frames : nil)
        memoryBytes = memory.bytes(decoding: Self.decodingBytes(info, denominator, isPlayed: isPlayed))
    }

    private static func decodingBytes(_ info: ImageInfo, _ denominator: Int, isPlayed: Bool) -> Int {
        isPlayed
            ? ImageDecoder.animationMemoryBytes(info: info)
            : ImageDecoder.memoryBytes(info: info, scaleDenominator: denominator)
    }

    /// An upper bound for this file, whose header says how it is coded: a sequential JPEG takes far less than a
    /// progressive one.
    public func memoryBytes(file: RawSpan, info: ImageInfo, limits: RenderLimits) -> Int {
        // One picture of an AVIF sequence is decoded, at its coded size, before it is cropped.
        if isPlayed, info.format != .avif { return memoryBytes }
        return memory.bytes(
            decoding: ImageDecoder.memoryBytes(
                file: file, info: info, scaleDenominator: scaleDenominator, limits: limits.codec))
    }

    /// The format of the result: WebP replaces an AVIF that is too large, and is used for every animation.
    public func outputFormat(_ spec: RenditionSpec) -> ImageFormat {
        isAnimated ? .webp : ImageEncoder.format(for: spec.format, size: outputSize)
    }

    /// Whether a picture in Y, Cb and Cr can be encoded directly after resampling or rotation.
    func staysPlanar(spec: RenditionSpec) -> Bool {
        // With a limit of bytes, one picture is encoded several times.
        guard let resampling, spec.format == .jpeg, spec.maximumBytes == nil, blur == nil, sharpen == nil,
            padding == nil
        else { return false }
        if orientation == .upright { return true }
        // See PlanarResampling.rotated.
        let size = resampling.size
        return ImageEncoder.chromaSize(of: size, quality: spec.quality, coding: spec.jpegCoding) == size
            || (size.width % 2 == 0 && size.height % 2 == 0)
    }

    /// Checks whether an animation can stay one.
    private static func checkAnimation(_ info: ImageInfo, _ spec: RenditionSpec) throws(RenderError) {
        guard info.format != .avif else {
            throw .unsupported("the image is an AVIF animation, of which only frame=0 can be shown")
        }
        switch spec.format {
        // WebP replaces AVIF, as for a picture of too many pixels.
        case .webp, .avif: break
        case .jpeg, .png:
            throw .unsupported(
                "the image is an animation, which is rendered as WebP: ask for format=webp, or for a still by frame=0")
        }
    }

    private static func check(
        frames: Int, of sizes: [PixelSize], limits: RenderLimits
    ) throws(RenderError) {
        try check("the number of frames", frames, at: limits.codec.maximumFrames)
        for size in sizes {
            let (pixels, overflow) = size.pixels.multipliedReportingOverflow(by: frames)
            try check(
                "the number of pixels of all frames", overflow ? .max : pixels, at: limits.codec.maximumAnimationPixels)
        }
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
