import ImageCodecs
import ImageModel
import Rendering

extension RenditionSpec {
    /// About how long the file becomes: more than most, less than noise.
    func likelyBytes(of info: ImageInfo, limits: CodecLimits) -> Int {
        // What cannot be planned is refused with its own words later.
        guard let plan = try? RenderPlan(info: info, spec: self, limits: RenderLimits(codec: limits)) else { return 0 }
        let frames = plan.isAnimated ? max(1, info.frames ?? 1) : 1
        let (pixels, overflows) = plan.outputSize.pixels.multipliedReportingOverflow(by: frames)
        guard !overflows, pixels <= Int.max / 2 else { return .max }
        let bytes = format == .png ? 2 * pixels : pixels / 2
        return min(bytes, maximumBytes ?? .max)
    }
}
