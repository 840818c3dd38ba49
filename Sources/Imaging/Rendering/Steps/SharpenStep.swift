import CRendering
import ImageCodecs
import ImageModel

/// Sharpens by an unsharp mask: the difference between the picture and its own blur is added to it, multiplied by the
/// amount. Transparency stays unchanged.
enum SharpenStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let sharpen = plan.sharpen else { return picture }
        let (width, height, layout) = (picture.width, picture.height, picture.layout)
        let bell = ResampleFilter.gaussian(deviation: sharpen.deviation)
        let vertical = ResampleWeights(
            inputCount: height, origin: 0, length: Double(height), outputCount: height, filter: bell)
        let horizontal = ResampleWeights(
            inputCount: width, origin: 0, length: Double(width), outputCount: width, filter: bell)
        var output = try PixelBuffer(width: width, height: height, layout: layout)
        let channels = layout.bytesPerPixel
        let bytes = width * channels
        let amount = Float(sharpen.amount)
        var sums = [Float](repeating: 0, count: bytes)
        let isFinished = picture.withSamples { input in
            output.withMutableSamples { output in
                for y in 0..<height {
                    if cancelled.isCancelled { return false }
                    sum(vertical, row: y, of: input, rowBytes: bytes, channels: channels, into: &sums)
                    for x in 0..<width {
                        sharpenPixel(
                            input, at: y * bytes + x * channels, channels: channels, sums: sums, column: x,
                            horizontal, amount: amount, into: &output)
                    }
                }
                return true
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// An upper bound of its memory, without the input picture and the result.
    static func workingBytes(size: PixelSize, deviation: Double) -> Int {
        Resampler.workingBytes(input: size, output: size, filter: .gaussian(deviation: deviation))
    }

    /// One row of the vertical blur; colours are weighted with alpha, if there is any.
    private static func sum(
        _ table: ResampleWeights, row: Int, of input: Span<UInt8>, rowBytes: Int, channels: Int,
        into sums: inout [Float]
    ) {
        for at in sums.indices { sums[at] = 0 }
        let window = table.windows[row]
        for tap in 0..<Int(window.count) {
            let weight = Float(table.weights[Int(window.offset) + tap]) / Float(ResampleWeights.one)
            let start = (Int(window.start) + tap) * rowBytes
            if channels < 4 {
                for at in 0..<rowBytes { sums[at] += weight * Float(input[start + at]) }
            } else {
                for at in stride(from: 0, to: rowBytes, by: 4) {
                    let alpha = weight * Float(input[start + at + 3])
                    for channel in 0..<3 { sums[at + channel] += alpha * Float(input[start + at + channel]) }
                    sums[at + 3] += alpha
                }
            }
        }
    }

    private static func sharpenPixel(
        _ input: Span<UInt8>, at: Int, channels: Int, sums: [Float], column: Int, _ table: ResampleWeights,
        amount: Float, into output: inout MutableSpan<UInt8>
    ) {
        let window = table.windows[column]
        var blurred: SIMD4<Float> = .zero
        for tap in 0..<Int(window.count) {
            let weight = Float(table.weights[Int(window.offset) + tap]) / Float(ResampleWeights.one)
            for channel in 0..<channels {
                blurred[channel] += weight * sums[(Int(window.start) + tap) * channels + channel]
            }
        }
        if channels == 4 {
            output[at + 3] = input[at + 3]
            // Around a visible pixel something is visible; if nothing is, there is nothing to sharpen.
            blurred = blurred[3] > 0 ? blurred / blurred[3] : .zero
        }
        for channel in 0..<min(channels, 3) {
            let value = Float(input[at + channel])
            let sharpened = value + (channels == 4 && input[at + 3] == 0 ? 0 : amount * (value - blurred[channel]))
            output[at + channel] = UInt8(min(max(sharpened, 0), 255) + 0.5)
        }
    }
}
