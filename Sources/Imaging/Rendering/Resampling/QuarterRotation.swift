import ImageCodecs
import ImageModel

/// Rotates and flips pictures in memory.
enum QuarterRotation {
    /// A picture is processed in squares of so many pixels, so that for a rotation by 90 degrees the rows that are read
    /// and those that are written stay in the cache.
    private static let tile = 32

    /// The picture with the symmetry applied.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func apply(
        _ orientation: Orientation, to picture: borrowing PixelBuffer, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let size = orientation.swapsAxes ? picture.size.transposed : picture.size
        var output = try PixelBuffer(width: size.width, height: size.height, layout: picture.layout)
        let walk = Walk(orientation, width: picture.width, height: picture.height)
        let bytes = picture.layout.bytesPerPixel
        // Every output pixel is inside the output, and the walk maps it to one inside the input.
        let isFinished = picture.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                guard let input = input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    let output = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                else { return true }
                for top in stride(from: 0, to: size.height, by: tile) {
                    if cancelled.isCancelled { return false }
                    for left in stride(from: 0, to: size.width, by: tile) {
                        let right = min(left + tile, size.width)
                        for y in top..<min(top + tile, size.height) {
                            copy(
                                from: input + (walk.origin + y * walk.down + left * walk.across) * bytes,
                                step: walk.across * bytes, to: output + (y * size.width + left) * bytes,
                                pixels: right - left, bytes: bytes)
                        }
                    }
                }
                return true
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// Copies pixels that are `step` bytes apart to adjacent places.
    private static func copy(
        from source: UnsafePointer<UInt8>, step: Int, to target: UnsafeMutablePointer<UInt8>, pixels: Int, bytes: Int
    ) {
        if step == bytes {
            target.update(from: source, count: pixels * bytes)
            return
        }
        for pixel in 0..<pixels {
            let from = source + pixel * step
            let to = target + pixel * bytes
            to[0] = from[0]
            if bytes >= 3 {
                to[1] = from[1]
                to[2] = from[2]
            }
            if bytes == 4 { to[3] = from[3] }
        }
    }

    /// The position, in pixels of the input, of the output's first pixel, and the distances from there to the next
    /// output pixels.
    private struct Walk {
        var origin: Int
        /// One to the right in the output.
        var across: Int
        /// One down in the output.
        var down: Int

        init(_ orientation: Orientation, width: Int, height: Int) {
            let topRight = width - 1
            let bottomLeft = (height - 1) * width
            let bottomRight = bottomLeft + topRight
            (origin, across, down) =
                switch orientation {
                case .upright: (0, 1, width)
                case .mirrored: (topRight, -1, width)
                case .rotated180: (bottomRight, -1, -width)
                case .mirroredRotated180: (bottomLeft, 1, -width)
                case .mirroredRotated270: (0, width, 1)
                case .rotated90: (bottomLeft, -width, 1)
                case .mirroredRotated90: (bottomRight, -width, -1)
                case .rotated270: (topRight, width, -1)
                }
        }
    }
}
