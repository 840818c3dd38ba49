public import ImageModel

/// Facts about a whole animation.
public struct AnimationInfo: Sendable, Hashable {
    /// The size of the canvas, and of every frame that is returned.
    public var size: PixelSize
    /// Frames that are shown, at least 1.
    public var frames: Int
    /// How often it is played; 0: forever.
    public var loops: Int

    /// The header of an animation that is encoded. Checks no range.
    public init(size: PixelSize, frames: Int, loops: Int) {
        self.size = size
        self.frames = frames
        self.loops = loops
    }
}

/// One frame of an animation.
public struct AnimationFrame: Sendable, Hashable {
    /// From 0.
    public var index: Int
    /// How long it is shown. APNG's fractions of a second are rounded.
    public var milliseconds: Int
}

extension ImageDecoder {
    /// Decodes an animated WebP or PNG frame by frame. Each frame is the whole canvas as it is seen, with the file's
    /// disposal and blending applied, in RGBA and sRGB. A still picture is an animation of one frame.
    ///
    /// - Parameters:
    ///   - maximumFrames: no more frames than these are decoded; nil: all.
    ///   - begin: called once, before the first frame.
    ///   - body: called for each frame, in order. An error that it throws ends the decoding.
    /// - Throws: as ``decode(_:info:scaleDenominator:colors:limits:cancelled:)``; `tooLarge` for frames, or frames
    ///   times pixels, checked before anything is decoded; `unsupported` for more than one frame of an AVIF.
    public static func play(
        _ file: RawSpan, info: ImageInfo, maximumFrames: Int? = nil, limits: CodecLimits, cancelled: CancelFlag,
        begin: (AnimationInfo) throws(CodecError) -> Void = { _ throws(CodecError) in },
        body: (consuming PixelBuffer, AnimationFrame) throws(CodecError) -> Void
    ) throws(CodecError) {
        try limits.check(width: info.size.width, height: info.size.height)
        switch info.format {
        case .webp where info.isAnimation:
            try WebPAnimationDecoder.play(
                file, maximumFrames: maximumFrames, limits: limits, cancelled: cancelled, begin: begin, body: body)
        case .png where info.isAnimation:
            try PNGAnimationDecoder.play(
                file, maximumFrames: maximumFrames, limits: limits, cancelled: cancelled, begin: begin, body: body)
        case .avif where info.frames != 1 && maximumFrames != 1:
            throw .unsupported("this AVIF is an animation")
        case .jpeg, .png, .webp, .avif:
            let picture = try still(file, info: info, limits: limits, cancelled: cancelled)
            try begin(AnimationInfo(size: picture.size, frames: 1, loops: 0))
            try body(picture, AnimationFrame(index: 0, milliseconds: 0))
        }
    }

    /// The first frame of an animation, or a still picture, in sRGB: the result of `frame=0`.
    public static func firstFrame(
        _ file: RawSpan, info: ImageInfo, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard info.isAnimation, info.format != .avif else {
            return try still(file, info: info, limits: limits, cancelled: cancelled)
        }
        var picture: PixelBuffer?
        try play(file, info: info, maximumFrames: 1, limits: limits, cancelled: cancelled) {
            (frame: consuming PixelBuffer, _: AnimationFrame) throws(CodecError) in picture = consume frame
        }
        guard let first = picture.take() else { throw .damaged("an animation without a picture") }
        return first
    }

    private static func still(
        _ file: RawSpan, info: ImageInfo, limits: CodecLimits, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard info.format == .avif else { return try decode(file, info: info, limits: limits, cancelled: cancelled) }
        var picture = try decodeAVIF(
            file, info: info, converts: true, isFirstEnough: true, limits: limits, cancelled: cancelled)
        if let conversion = picture.conversion { try conversion.apply(to: &picture.pixels, cancelled: cancelled) }
        return picture.pixels
    }

    /// The most bytes that decoding an animation takes, including the frame that is returned.
    public static func animationMemoryBytes(info: ImageInfo) -> Int {
        // The canvas, the previous one, the returned one, and a frame while it is decoded.
        info.size.pixels * 12 + memoryBytes(info: info)
    }
}

extension CodecLimits {
    /// Checks the limits of an animation before it is decoded.
    func check(frames: Int, of size: PixelSize) throws(CodecError) {
        guard frames <= maximumFrames else {
            throw .tooLarge(limit: "the number of frames", value: frames, maximum: maximumFrames)
        }
        let (pixels, overflow) = size.pixels.multipliedReportingOverflow(by: frames)
        guard !overflow, pixels <= maximumAnimationPixels else {
            throw .tooLarge(
                limit: "the number of pixels of all frames", value: overflow ? .max : pixels,
                maximum: maximumAnimationPixels)
        }
    }
}
