import ImageCodecs

/// Cuts and scales in one go: the filter reads only what will be seen.
enum ResampleStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let resampling = plan.resampling else { return picture }
        return try Resampler.resample(
            picture, region: resampling.region, to: resampling.size, cancelled: cancelled)
    }
}
