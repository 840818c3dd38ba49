/// Weighted sums of rows. This is where most of the arithmetic of a reduction is done, so its loop runs over
/// contiguous memory and does nothing but multiply and add; compilers make vector code of it.
enum VerticalPass {
    /// Sets `sums[0..<count]` to the weighted sums of `taps` rows of bytes.
    /// - Parameters:
    ///   - rows: the first sample of the first row; rows lie `stride` bytes apart.
    ///   - weights: `taps` of them, filled up with zeros to a multiple of four.
    static func sum(
        rows: UnsafePointer<UInt8>, stride: Int, weights: UnsafePointer<Float>, taps: Int,
        into sums: UnsafeMutablePointer<Float>, count: Int
    ) {
        for tap in Swift.stride(from: 0, to: taps, by: ResampleWeights.group) {
            // Four rows at a time, so that the sums are loaded and stored a quarter as often. The rows that stand for
            // zero weights are the last one again: there may be none behind it.
            let (w0, w1, w2, w3) = (weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3])
            let r0 = rows + tap * stride
            let r1 = rows + min(tap + 1, taps - 1) * stride
            let r2 = rows + min(tap + 2, taps - 1) * stride
            let r3 = rows + min(tap + 3, taps - 1) * stride
            if tap == 0 {
                for i in 0..<count {
                    sums[i] = (w0 * Float(r0[i]) + w1 * Float(r1[i])) + (w2 * Float(r2[i]) + w3 * Float(r3[i]))
                }
            } else {
                for i in 0..<count {
                    sums[i] += (w0 * Float(r0[i]) + w1 * Float(r1[i])) + (w2 * Float(r2[i]) + w3 * Float(r3[i]))
                }
            }
        }
    }

    /// The same for rows of RGBA, `count` pixels of them: colours are weighted with their alpha, or else the colour of
    /// invisible pixels would bleed into their neighbours. A sum of colour is then 255 times too large, and that of
    /// alpha is made so too.
    static func sumWithAlpha(
        rows: UnsafePointer<UInt8>, stride: Int, weights: UnsafePointer<Float>, taps: Int,
        into sums: UnsafeMutablePointer<Float>, count: Int
    ) {
        sums.update(repeating: 0, count: count * 4)
        for tap in Swift.stride(from: 0, to: taps, by: ResampleWeights.group) {
            let (w0, w1, w2, w3) = (weights[tap], weights[tap + 1], weights[tap + 2], weights[tap + 3])
            let r0 = rows + tap * stride
            let r1 = rows + min(tap + 1, taps - 1) * stride
            let r2 = rows + min(tap + 2, taps - 1) * stride
            let r3 = rows + min(tap + 3, taps - 1) * stride
            for i in 0..<count {
                let at = 4 * i
                let a0 = w0 * Float(r0[at + 3])
                let a1 = w1 * Float(r1[at + 3])
                let a2 = w2 * Float(r2[at + 3])
                let a3 = w3 * Float(r3[at + 3])
                for c in at..<(at + 3) {
                    sums[c] += (a0 * Float(r0[c]) + a1 * Float(r1[c])) + (a2 * Float(r2[c]) + a3 * Float(r3[c]))
                }
                sums[at + 3] += ((a0 + a1) + (a2 + a3)) * 255
            }
        }
    }
}
