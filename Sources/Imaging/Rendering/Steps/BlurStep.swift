import ImageCodecs

/// Blurs the picture at its final size, before it is padded.
enum BlurStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let deviation = plan.blur else { return picture }
        return try GaussianBlur.apply(deviation: deviation, to: picture, cancelled: cancelled)
    }
}
