import ImageCodecs
import ImageModel

/// An upper bound of what the steps of a plan take, step by step: the most that is there at one time counts.
struct PlanMemory: Sendable, Hashable {
    /// What is needed beside decoding while the decoded picture is there.
    private let whileDecoded: Int
    /// The most that is needed once it has gone.
    private let after: Int

    /// What an animation takes from its first frame to its end, beside what each frame takes.
    private let throughout: Int

    /// - Parameters:
    ///   - size: of the resampled picture as stored.
    ///   - animatedFrames: how many frames are written; nil for a still.
    init(
        info: ImageInfo, spec: RenditionSpec, denominator: Int, resampling: RenderPlan.Resampling?, size: PixelSize,
        padding: RenderPlan.Padding?, animatedFrames: Int?
    ) {
        let picture = size.pixels * (info.hasAlpha ? 4 : 3)
        if let resampling {
            let decoded = PixelSize(
                width: info.size.width / denominator + 1, height: info.size.height / denominator + 1)
            let smart = resampling.isSmart ? Attention.workingBytes(of: decoded) : 0
            whileDecoded = max(smart, picture + Resampler.workingBytes(input: decoded, output: size))
        } else {
            whileDecoded = 0
        }
        // Turning and blending take a second picture.
        var most = 2 * picture
        if let blur = spec.blur { most = max(most, picture + GaussianBlur.memoryBytes(size: size, deviation: blur)) }
        if let sharpen = spec.sharpen {
            most = max(most, 2 * picture + SharpenStep.workingBytes(size: size, deviation: sharpen.deviation))
        }
        // A background that lets light through makes a picture transparent that was not.
        let hasAlpha =
            spec.format.capabilities.hasAlpha && (info.hasAlpha || (padding.map { $0.color.alpha < 255 } ?? false))
        let output = padding.map(\.size) ?? size
        let sheet = output.pixels * (hasAlpha ? 4 : 3)
        if padding != nil { most = max(most, picture + sheet) }
        if let frames = animatedFrames {
            throughout = AnimationEncoder.memoryBytes(size: output, frames: frames, hasAlpha: hasAlpha)
            after = max(most, sheet)
            return
        }
        throughout = 0
        let format = ImageEncoder.format(for: spec.format, size: output)
        let encoding = ImageEncoder.memoryBytes(
            size: output, format: format, quality: spec.quality, hasAlpha: hasAlpha)
        // The best file so far stays while the next one is tried.
        let kept = spec.maximumBytes.map { min($0, output.pixels * 4) } ?? 0
        after = max(most, sheet + encoding + kept)
    }

    /// - Parameter decoding: what decoding takes, the decoded picture included.
    func bytes(decoding: Int) -> Int {
        // The player keeps its canvas while a frame is worked on.
        throughout > 0 ? decoding + max(whileDecoded, after) + throughout : max(decoding + whileDecoded, after)
    }
}
