import CImageCodecs
public import ImageModel

extension PixelBuffer {
    /// A new picture with the pixels moved by one of the eight symmetries.
    ///
    /// - Throws: `outOfMemory`, `cancelled`.
    public borrowing func rotated(
        by orientation: Orientation, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let swaps = orientation.swapsAxes
        var result = try PixelBuffer(width: swaps ? height : width, height: swaps ? width : height, layout: layout)
        let status = unsafe withCPixels { (source, width, height, channels) in
            unsafe result.withUnsafeMutableBytes { (target) -> tt_status in
                guard let target = target.baseAddress else { return .TT_INTERNAL_ERROR }
                return unsafe tt_pixels_rotate(
                    source, width, height, channels, orientation.rotation, target.assumingMemoryBound(to: UInt8.self),
                    cancelled.pointer)
            }
        }
        try check(status, format: "pixel")
        return result
    }
}
