#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// BlurHash: a blurred placeholder as a short text (Wolt, 2018, https://github.com/woltapp/blurhash, Algorithm.md): a
/// few cosine coefficients of the picture in linear light, written in base 83.
public enum BlurHash {
    /// The digits of base 83, in the order of their values.
    private static let digits = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~".utf8)

    /// The hash of a small picture in sRGB. Transparent parts are blended over white: the format has no alpha.
    ///
    /// - Parameters:
    ///   - across: coefficients along the width, 1 to 9. 4 and 3 are the usual choice for a landscape.
    ///   - down: coefficients along the height, 1 to 9.
    /// - Returns: `4 + 2 * across * down` characters of ASCII; nil if a number of coefficients is out of range.
    public static func text(of picture: borrowing PixelBuffer, across: Int = 4, down: Int = 3) -> String? {
        guard (1...9).contains(across), (1...9).contains(down) else { return nil }
        let (mean, others) = coefficients(picture, across: across, down: down)
        var text: [UInt8] = []
        append(across - 1 + (down - 1) * 9, count: 1, to: &text)
        // The largest coefficient, in steps of 1/166; if there is only the mean, there is none.
        let largest = others.reduce(0) { max($0, $1.red.magnitude, $1.green.magnitude, $1.blue.magnitude) }
        let step = others.isEmpty ? 0 : clamped(largest * 166 - 0.5, to: 82)
        append(step, count: 1, to: &text)
        append(encoded(mean.red) << 16 | encoded(mean.green) << 8 | encoded(mean.blue), count: 4, to: &text)
        let scale = Double(step + 1) / 166
        for color in others {
            // Nineteen steps each, finer around zero.
            let parts = [color.red, color.green, color.blue].map { value -> Int in
                let part = value / scale
                let root = part.magnitude.squareRoot()
                return clamped((part < 0 ? -root : root) * 9 + 9.5, to: 18)
            }
            append((parts[0] * 19 + parts[1]) * 19 + parts[2], count: 2, to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private struct LinearColor {
        var red = 0.0
        var green = 0.0
        var blue = 0.0
    }

    /// The mean, and the other coefficients row by row.
    private static func coefficients(
        _ picture: borrowing PixelBuffer, across: Int, down: Int
    ) -> (mean: LinearColor, others: [LinearColor]) {
        let (width, height) = (picture.width, picture.height)
        let linear = (0...255).map { decoded(Double($0) / 255) }
        var pixels: [LinearColor] = []
        pixels.reserveCapacity(width * height)
        SamplePixels.forEach(picture) { red, green, blue, alpha in
            func over(_ sample: UInt8) -> Double {
                // Blended as browsers do, with the stored values.
                linear[(Int(sample) * Int(alpha) + 255 * (255 - Int(alpha)) + 127) / 255]
            }
            pixels.append(LinearColor(red: over(red), green: over(green), blue: over(blue)))
        }
        let columns = SamplePixels.cosines(frequencies: across, length: width, offset: 0)
        let rows = SamplePixels.cosines(frequencies: down, length: height, offset: 0)
        var all: [LinearColor] = []
        for y in 0..<down {
            for x in 0..<across {
                var sum = LinearColor()
                for row in 0..<height {
                    for column in 0..<width {
                        let basis = columns[x][column] * rows[y][row]
                        let pixel = pixels[row * width + column]
                        sum.red += basis * pixel.red
                        sum.green += basis * pixel.green
                        sum.blue += basis * pixel.blue
                    }
                }
                let scale = (x == 0 && y == 0 ? 1.0 : 2.0) / Double(width * height)
                all.append(LinearColor(red: sum.red * scale, green: sum.green * scale, blue: sum.blue * scale))
            }
        }
        return (all.removeFirst(), all)
    }

    /// sRGB's transfer function (IEC 61966-2-1).
    private static func decoded(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    /// The inverse, to 0 ... 255.
    private static func encoded(_ value: Double) -> Int {
        let value = max(0, min(1, value))
        let sample = value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
        return Int(sample * 255 + 0.5)
    }

    private static func clamped(_ value: Double, to largest: Int) -> Int {
        Int(max(0, min(Double(largest), value.rounded(.down))))
    }

    private static func append(_ value: Int, count: Int, to text: inout [UInt8]) {
        var places: [UInt8] = []
        var rest = value
        for _ in 0..<count {
            places.append(digits[rest % 83])
            rest /= 83
        }
        text += places.reversed()
    }
}
