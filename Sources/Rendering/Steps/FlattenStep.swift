import ImageCodecs

/// Blends a transparent picture over white, for a format that has no transparency.
enum FlattenStep: RenderStep {
    static func apply(
        _ picture: consuming PixelBuffer, plan: RenderPlan, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        guard plan.flattens, picture.layout.hasAlpha else { return picture }
        var output = try PixelBuffer(width: picture.width, height: picture.height, layout: .rgb8)
        let (width, height) = (picture.width, picture.height)
        let isFinished = picture.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                // Both buffers hold width * height pixels, of four bytes and of three.
                guard var pixel = input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    var target = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                else { return true }
                for _ in 0..<height {
                    if cancelled.isCancelled { return false }
                    for _ in 0..<width {
                        let alpha = Int32(pixel[3])
                        let white = (255 - alpha) * 255
                        target[0] = blend(Int32(pixel[0]) * alpha + white)
                        target[1] = blend(Int32(pixel[1]) * alpha + white)
                        target[2] = blend(Int32(pixel[2]) * alpha + white)
                        pixel += 4
                        target += 3
                    }
                }
                return true
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// A 255th, rounded to the nearest: at most 255 * 255 comes in.
    @inline(__always)
    private static func blend(_ value: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: (value &+ 127) / 255)
    }
}
