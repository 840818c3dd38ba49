/// Weighted sums within a row of floats, rounded to bytes: the second and last pass.
///
/// `row` begins with the sample `firstColumn` of the picture, and has at least four floats behind its last pixel.
enum HorizontalPass {
    static func gray(
        row: UnsafePointer<Float>, firstColumn: Int, windows: UnsafeBufferPointer<ResampleWeights.Window>,
        weights: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt8>
    ) {
        for x in 0..<windows.count {
            let window = windows[x]
            let samples = row + (window.start - firstColumn)
            let list = weights + window.offset
            // Weights are filled up with zeros to groups of four, and the row with floats.
            var (s0, s1, s2, s3) = (Float(0), Float(0), Float(0), Float(0))
            var tap = 0
            while tap < window.count {
                s0 += list[tap] * samples[tap]
                s1 += list[tap + 1] * samples[tap + 1]
                s2 += list[tap + 2] * samples[tap + 2]
                s3 += list[tap + 3] * samples[tap + 3]
                tap += 4
            }
            output[x] = byte((s0 + s1) + (s2 + s3))
        }
    }

    static func rgb(
        row: UnsafePointer<Float>, firstColumn: Int, windows: UnsafeBufferPointer<ResampleWeights.Window>,
        weights: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt8>
    ) {
        var target = output
        for x in 0..<windows.count {
            let sums = sums(row: row, stride: 3, firstColumn: firstColumn, window: windows[x], weights: weights)
            target[0] = byte(sums.0)
            target[1] = byte(sums.1)
            target[2] = byte(sums.2)
            target += 3
        }
    }

    /// Takes the sums of ``VerticalPass/sumWithAlpha(rows:stride:weights:taps:into:count:)`` and gives colours that are
    /// not premultiplied.
    static func rgba(
        row: UnsafePointer<Float>, firstColumn: Int, windows: UnsafeBufferPointer<ResampleWeights.Window>,
        weights: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt8>
    ) {
        var target = output
        for x in 0..<windows.count {
            let sums = sums(row: row, stride: 4, firstColumn: firstColumn, window: windows[x], weights: weights)
            let alpha = byte(sums.3 / 255)
            // Where alpha rounds to zero the colour says nothing, and dividing by next to nothing would make noise.
            let factor = alpha == 0 ? 0 : 255 / sums.3
            target[0] = byte(sums.0 * factor)
            target[1] = byte(sums.1 * factor)
            target[2] = byte(sums.2 * factor)
            target[3] = alpha
            target += 4
        }
    }

    /// Four sums at once. For RGB the fourth belongs to the next pixel and is not used: four lanes fill a register.
    @inline(__always)
    private static func sums(
        row: UnsafePointer<Float>, stride: Int, firstColumn: Int, window: ResampleWeights.Window,
        weights: UnsafePointer<Float>
    ) -> (Float, Float, Float, Float) {
        var sample = row + (window.start - firstColumn) * stride
        let list = weights + window.offset
        var (s0, s1, s2, s3) = (Float(0), Float(0), Float(0), Float(0))
        for tap in 0..<window.count {
            let weight = list[tap]
            s0 += weight * sample[0]
            s1 += weight * sample[1]
            s2 += weight * sample[2]
            s3 += weight * sample[3]
            sample += stride
        }
        return (s0, s1, s2, s3)
    }

    /// Rounded to the nearest; what a filter with negative lobes throws beyond the range is cut off.
    @inline(__always)
    private static func byte(_ value: Float) -> UInt8 {
        // Sums of bytes with finite weights are finite, so the conversion cannot trap.
        UInt8(truncatingIfNeeded: Int32(min(max(value, 0), 255) + 0.5))
    }
}
