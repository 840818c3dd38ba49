import ImageCodecs
import ImageModel

/// Renders an animation that stays one: every frame that is shown goes through the steps of one plan and becomes a
/// frame of an animated WebP, with the loops and delays of the source.
enum AnimatedRendition {
    /// - Parameter plan: a plan with ``RenderPlan/isAnimated``.
    static func render(
        _ file: RawSpan, info: ImageInfo, spec: RenditionSpec, plan: RenderPlan, limits: RenderLimits,
        cancelled: CancelFlag
    ) throws(RenderError) -> RenderedImage {
        var encoder: AnimationEncoder?
        // Attention is searched for once: a region that moved from frame to frame would shake.
        var region = plan.resampling?.region
        var stage = RenderError.Stage.decode
        do throws(CodecError) {
            let metadata = EncodedMetadata.read(file, info: info)
            try ImageDecoder.play(
                file, info: info, limits: limits.codec, cancelled: cancelled,
                begin: { (animation: AnimationInfo) throws(CodecError) in
                    var result = animation
                    result.size = plan.outputSize
                    encoder = try AnimationEncoder(info: result, quality: spec.quality, metadata: metadata)
                },
                body: { (picture: consuming PixelBuffer, frame: AnimationFrame) throws(CodecError) in
                    stage = .transform
                    var picture = picture
                    if let resampling = plan.resampling, var place = region {
                        if resampling.isSmart, frame.index == 0 {
                            place = try Attention.place(place, in: picture, cancelled: cancelled)
                                .aligned(to: resampling.size)
                            region = place
                        }
                        picture = try Resampler.resample(
                            picture, region: place, to: resampling.size, cancelled: cancelled)
                    }
                    picture = try Renderer.applySteps(picture, plan: plan, cancelled: cancelled)
                    stage = .encode
                    try encoder?.add(picture, milliseconds: frame.milliseconds, cancelled: cancelled)
                    stage = .decode
                })
            stage = .encode
            guard let bytes = try encoder?.finish() else { throw CodecError.damaged("an animation without a picture") }
            if let maximum = spec.maximumBytes, bytes.count > maximum {
                throw CodecError.tooLarge(
                    limit: "the number of bytes of an animation at this quality", value: bytes.count, maximum: maximum)
            }
            return RenderedImage(bytes: bytes, format: .webp, size: plan.outputSize)
        } catch {
            throw .wrapping(error, at: stage)
        }
    }
}
