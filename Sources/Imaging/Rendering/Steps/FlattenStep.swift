import ImageCodecs
import ImageModel

/// Blends a transparent picture over a colour: the requested one, or white for a format without transparency.
enum FlattenStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard let color = plan.background, picture.layout.hasAlpha else { return picture }
        var output = try PixelBuffer(
            width: picture.width, height: picture.height, layout: color.alpha == 255 ? .rgb8 : .rgba8)
        let (width, height) = (picture.width, picture.height)
        let isFinished = picture.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                // Both buffers have width * height pixels: of four and three bytes, or both of four.
                guard let pixels = input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    let target = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                else { return true }
                for y in 0..<height {
                    if cancelled.isCancelled { return false }
                    let row = pixels + y * width * 4
                    if color.alpha == 255 {
                        blend(row, over: color, into: target + y * width * 3, count: width)
                    } else {
                        blend(row, overTransparent: color, into: target + y * width * 4, count: width)
                    }
                }
                return true
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    private static func blend(
        _ row: UnsafePointer<UInt8>, over color: Color, into target: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        let (red, green, blue) = (Int32(color.red), Int32(color.green), Int32(color.blue))
        for x in 0..<count {
            let (from, to) = (row + 4 * x, target + 3 * x)
            let alpha = Int32(from[3])
            to[0] = rounded(Int32(from[0]) * alpha + red * (255 - alpha))
            to[1] = rounded(Int32(from[1]) * alpha + green * (255 - alpha))
            to[2] = rounded(Int32(from[2]) * alpha + blue * (255 - alpha))
        }
    }

    /// Over a translucent colour something of both remains: Porter and Duff's "over".
    private static func blend(
        _ row: UnsafePointer<UInt8>, overTransparent color: Color, into target: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        let (red, green, blue) = (Float(color.red), Float(color.green), Float(color.blue))
        for x in 0..<count {
            let (from, to) = (row + 4 * x, target + 4 * x)
            let front = Float(from[3]) / 255
            let back = Float(color.alpha) / 255 * (1 - front)
            let alpha = front + back
            // Mixtures of bytes: the sums below stay within 0 to 255 and half a rounding error.
            let factor = alpha > 0 ? 1 / alpha : 0
            to[0] = UInt8((Float(from[0]) * front + red * back) * factor + 0.5)
            to[1] = UInt8((Float(from[1]) * front + green * back) * factor + 0.5)
            to[2] = UInt8((Float(from[2]) * front + blue * back) * factor + 0.5)
            to[3] = UInt8(alpha * 255 + 0.5)
        }
    }

    /// A 255th, rounded to the nearest: the input is at most 255 * 255.
    @inline(__always)
    private static func rounded(_ value: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: (value &+ 127) / 255)
    }
}
