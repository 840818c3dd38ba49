public import ImageModel

/// What holds for all of an animation.
public struct AnimationInfo: Sendable, Hashable {
    /// The size of the canvas, which is that of every frame handed out.
    public var size: PixelSize
    /// Pictures that are shown, at least 1.
    public var frames: Int
    /// How often it is played; 0: for ever.
    public var loops: Int

    /// What an encoder writes at the head of an animation. Checks no range.
    public init(size: PixelSize, frames: Int, loops: Int) {
        self.size = size
        self.frames = frames
        self.loops = loops
    }
}

/// One picture of an animation.
public struct AnimationFrame: Sendable, Hashable {
    /// From 0.
    public var index: Int
    /// How long it is shown. APNG's fractions of a second are rounded.
    public var milliseconds: Int
}

extension ImageDecoder {
    /// Plays an animated WebP or PNG: hands out one picture after the other, each the whole canvas as it is seen,
    /// with the file's disposal and blending applied, in RGBA and sRGB. A still is an animation of one frame.
    ///
    /// - Parameters:
    ///   - maximumFrames: no more frames than these are decoded; nil: all.
    ///   - begin: called once, before the first frame.
    ///   - body: called for each frame, in order. What it throws ends the playing.
    /// - Throws: as ``decode(_:info:scaleDenominator:colors:limits:cancelled:)``; `tooLarge` for frames, or frames
    ///   times pixels, judged before anything is decoded; `unsupported` for more than one frame of an AVIF.
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

    /// The first picture of an animation, or the picture of a still, in sRGB: what `frame=0` asks for.
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

    /// The largest number of bytes that playing takes, the picture handed out included.
    public static func animationMemoryBytes(info: ImageInfo) -> Int {
        // The canvas, the one before, the one handed out, and a frame while it is decoded.
        info.size.pixels * 12 + memoryBytes(info: info)
    }
}

extension CodecLimits {
    /// Judges an animation before it is played.
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
