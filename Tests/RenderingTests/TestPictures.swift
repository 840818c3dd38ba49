import ImageCodecs

/// Pictures made for tests.
enum TestPictures {
    /// A picture with samples from a function of column, row and channel.
    static func make(
        _ width: Int, _ height: Int, _ layout: PixelBuffer.Layout, _ sample: (Int, Int, Int) -> UInt8
    ) throws -> PixelBuffer {
        var picture = try PixelBuffer(width: width, height: height, layout: layout)
        let bytes = layout.bytesPerPixel
        picture.withMutableSamples { samples in
            for y in 0..<height {
                for x in 0..<width {
                    for channel in 0..<bytes { samples[(y * width + x) * bytes + channel] = sample(x, y, channel) }
                }
            }
        }
        return picture
    }

    /// Noise of full contrast, the same each time. This is the hardest input for a filter. Alpha is noise too.
    static func noise(_ width: Int, _ height: Int, _ layout: PixelBuffer.Layout) throws -> PixelBuffer {
        try make(width, height, layout) { x, y, channel in
            var hash = UInt64(x) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(y) &* 0xC2B2_AE3D_27D4_EB4F
            hash ^= UInt64(channel) &* 0x1656_67B1_9E37_79F9
            hash = (hash ^ (hash >> 29)) &* 0xBF58_476D_1CE4_E5B9
            return UInt8(truncatingIfNeeded: hash >> 40)
        }
    }
}

extension PixelBuffer {
    /// All samples, as an array.
    borrowing func samples() -> [UInt8] {
        withSamples { samples in samples.indices.map { samples[$0] } }
    }
}

/// The largest difference between two lists of samples; `.max` if their lengths differ.
func largestDifference(_ one: [UInt8], _ other: [UInt8]) -> Int {
    guard one.count == other.count else { return .max }
    return zip(one, other).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

/// The mean difference between two lists of samples; infinite if their lengths differ.
func meanDifference(_ one: [UInt8], _ other: [UInt8]) -> Double {
    guard one.count == other.count, !one.isEmpty else { return .infinity }
    return Double(zip(one, other).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }) / Double(one.count)
}
