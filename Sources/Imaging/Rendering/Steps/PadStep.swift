import ImageCodecs
import ImageModel

/// Puts the picture onto a larger canvas of one colour.
enum PadStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let padding = plan.padding else { return picture }
        let layout = layout(of: picture.layout, on: padding.color)
        var output = try PixelBuffer(width: padding.size.width, height: padding.size.height, layout: layout)
        // The plan has made the canvas at least as large as the picture; nothing is written outside it in any case.
        let width = min(picture.width, padding.size.width - padding.x)
        let height = min(picture.height, padding.size.height - padding.y)
        guard width > 0, height > 0, padding.x >= 0, padding.y >= 0 else {
            throw .internalError("a picture outside its canvas")
        }
        let color = padding.color
        let pixel = [color.red, color.green, color.blue, color.alpha]
        let channels = (input: picture.layout.bytesPerPixel, output: layout.bytesPerPixel)
        let rows = (input: picture.bytesPerRow, output: output.bytesPerRow)
        let isFinished = picture.withSamples { input in
            output.withMutableSamples { output in
                for y in 0..<padding.size.height {
                    if cancelled.isCancelled { return false }
                    let row = y * rows.output
                    for at in 0..<rows.output { output[row + at] = pixel[at % channels.output] }
                    guard y >= padding.y, y - padding.y < height else { continue }
                    let from = (y - padding.y) * rows.input
                    let to = row + padding.x * channels.output
                    for x in 0..<width {
                        let (source, target) = (from + x * channels.input, to + x * channels.output)
                        for channel in 0..<min(channels.output, 3) {
                            // Grey is used for all three colours.
                            output[target + channel] = input[source + min(channel, channels.input - 1)]
                        }
                        // A picture without alpha is opaque.
                        if channels.output == 4 { output[target + 3] = channels.input == 4 ? input[source + 3] : 255 }
                    }
                }
                return true
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// The layout that can hold both the picture and the colour.
    private static func layout(of picture: PixelBuffer.Layout, on color: Color) -> PixelBuffer.Layout {
        if picture.hasAlpha || color.alpha < 255 { return .rgba8 }
        let isGray = color.red == color.green && color.green == color.blue
        return picture == .gray8 && isGray ? .gray8 : .rgb8
    }
}
