import ImageCodecs

/// Crops and scales in one step: the filter reads only what will be visible.
enum ResampleStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let resampling = plan.resampling else { return picture }
        var region = resampling.region
        if resampling.isSmart {
            region = try Attention.place(region, in: picture, cancelled: cancelled).aligned(to: resampling.size)
        }
        return try Resampler.resample(picture, region: region, to: resampling.size, cancelled: cancelled)
    }
}
