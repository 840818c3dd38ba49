#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A picture's pixels one by one, whatever its layout.
enum SamplePixels {
    /// Calls `body` with red, green, blue and alpha of each pixel, row by row; alpha is 255 if there is none.
    static func forEach(_ picture: borrowing PixelBuffer, _ body: (UInt8, UInt8, UInt8, UInt8) -> Void) {
        let channels = picture.layout.bytesPerPixel
        let count = picture.width * picture.height
        picture.withSamples { samples in
            for pixel in 0..<count {
                let at = pixel * channels
                if channels < 3 {
                    body(samples[at], samples[at], samples[at], 255)
                } else {
                    body(samples[at], samples[at + 1], samples[at + 2], channels == 4 ? samples[at + 3] : 255)
                }
            }
        }
    }

    /// The cosines of one axis: `count` frequencies at `length` places, the first frequency's row first. `offset` is
    /// the position of a value within its pixel: 0 or a half.
    static func cosines(frequencies count: Int, length: Int, offset: Double) -> [[Double]] {
        (0..<count).map { frequency in
            (0..<length).map { cos(Double.pi * Double(frequency) * (Double($0) + offset) / Double(length)) }
        }
    }

    /// To the nearest whole number, halves up.
    static func rounded(_ value: Double) -> Int { Int((value + 0.5).rounded(.down)) }
}
