import ImageCodecs
import ImageModel

/// An upper bound of the memory of a plan's steps: the largest amount at any one time.
struct PlanMemory: Sendable, Hashable {
    /// Bytes besides decoding while the decoded picture is in memory.
    private let whileDecoded: Int
    /// The most bytes after it is freed.
    private let after: Int

    /// Bytes of an animation from its first frame to its end, besides those of each frame.
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
        // Rotating and blending need a second picture.
        var most = 2 * picture
        if let blur = spec.blur { most = max(most, picture + GaussianBlur.memoryBytes(size: size, deviation: blur)) }
        if let sharpen = spec.sharpen {
            most = max(most, 2 * picture + SharpenStep.workingBytes(size: size, deviation: sharpen.deviation))
        }
        // A translucent background can make an opaque picture transparent.
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
        // The best file so far is kept while the next one is tried.
        let kept = spec.maximumBytes.map { min($0, output.pixels * 4) } ?? 0
        after = max(most, sheet + encoding + kept)
    }

    /// - Parameter decoding: the bytes of decoding, including the decoded picture.
    func bytes(decoding: Int) -> Int {
        // The animation decoder keeps its canvas while a frame is processed.
        throughout > 0 ? decoding + max(whileDecoded, after) + throughout : max(decoding + whileDecoded, after)
    }
}
