import ImageCodecs
import ImageModel
import Rendering

extension RenditionSpec {
    /// The estimated length of the file: more than that of most pictures, less than that of noise.
    func likelyBytes(of info: ImageInfo, limits: CodecLimits) -> Int {
        // A rendition that cannot be planned fails later, with its own error.
        guard let plan = try? RenderPlan(info: info, spec: self, limits: RenderLimits(codec: limits)) else { return 0 }
        let frames = plan.isAnimated ? max(1, info.frames ?? 1) : 1
        let (pixels, overflows) = plan.outputSize.pixels.multipliedReportingOverflow(by: frames)
        guard !overflows, pixels <= Int.max / 2 else { return .max }
        let bytes = format == .png ? 2 * pixels : pixels / 2
        return min(bytes, maximumBytes ?? .max)
    }
}
