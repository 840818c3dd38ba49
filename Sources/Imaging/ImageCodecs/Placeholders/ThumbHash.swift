/// ThumbHash: a blurred placeholder in some 25 bytes, with its shape and transparency (Evan Wallace, 2023,
/// https://evanw.github.io/thumbhash/).
///
/// The picture is split into luminance and two colour differences. Each is stored as a few cosine coefficients in four
/// bits each: up to 7x7 for luminance (5x5 with alpha), 3x3 for the others, 5x5 for alpha; of these only the upper left
/// triangle.
public enum ThumbHash {
    /// The longer side that the format's description allows; larger pictures are scaled down first.
    public static let maximumSide = 100

    /// The hash of a small picture in sRGB, 5 to 37 bytes; nil if a side is over ``maximumSide``.
    public static func bytes(of picture: borrowing PixelBuffer) -> [UInt8]? {
        let (width, height) = (picture.width, picture.height)
        guard max(width, height) <= maximumSide else { return nil }
        let planes = Planes(picture)
        let limit = planes.hasAlpha ? 5.0 : 7.0
        let longer = Double(max(width, height))
        let across = max(1, SamplePixels.rounded(limit * Double(width) / longer))
        let down = max(1, SamplePixels.rounded(limit * Double(height) / longer))
        func channel(_ plane: [Double], _ across: Int, _ down: Int) -> Channel {
            Channel(plane, width: width, height: height, across: across, down: down)
        }
        let luminance = channel(planes.luminance, max(3, across), max(3, down))
        let yellowBlue = channel(planes.yellowBlue, 3, 3)
        let redGreen = channel(planes.redGreen, 3, 3)
        let isLandscape = width > height

        var head = SamplePixels.rounded(63 * luminance.mean)
        head |= SamplePixels.rounded(31.5 + 31.5 * yellowBlue.mean) << 6
        head |= SamplePixels.rounded(31.5 + 31.5 * redGreen.mean) << 12
        head |= SamplePixels.rounded(31 * luminance.scale) << 18
        head |= (planes.hasAlpha ? 1 : 0) << 23
        var shape = isLandscape ? down : across
        shape |= SamplePixels.rounded(63 * yellowBlue.scale) << 3
        shape |= SamplePixels.rounded(63 * redGreen.scale) << 9
        shape |= (isLandscape ? 1 : 0) << 15
        var hash = [head, head >> 8, head >> 16, shape, shape >> 8].map { UInt8(truncatingIfNeeded: $0) }
        var nibbles = luminance.nibbles + yellowBlue.nibbles + redGreen.nibbles
        if planes.hasAlpha {
            let alpha = channel(planes.alpha, 5, 5)
            hash.append(
                UInt8(SamplePixels.rounded(15 * alpha.mean) | SamplePixels.rounded(15 * alpha.scale) << 4))
            nibbles += alpha.nibbles
        }
        if nibbles.count % 2 == 1 { nibbles.append(0) }
        for index in stride(from: 0, to: nibbles.count, by: 2) { hash.append(nibbles[index] | nibbles[index + 1] << 4) }
        return hash
    }

    /// The picture over its own mean colour, as luminance (0 to 1), two differences (-1 to 1) and alpha.
    private struct Planes {
        var luminance: [Double] = []
        var yellowBlue: [Double] = []
        var redGreen: [Double] = []
        var alpha: [Double] = []
        var hasAlpha: Bool

        init(_ picture: borrowing PixelBuffer) {
            var sum = (red: 0.0, green: 0.0, blue: 0.0, alpha: 0.0)
            SamplePixels.forEach(picture) { red, green, blue, alpha in
                let weight = Double(alpha) / 255
                sum.red += weight / 255 * Double(red)
                sum.green += weight / 255 * Double(green)
                sum.blue += weight / 255 * Double(blue)
                sum.alpha += weight
            }
            let divisor = sum.alpha > 0 ? sum.alpha : 1
            let mean = (red: sum.red / divisor, green: sum.green / divisor, blue: sum.blue / divisor)
            hasAlpha = sum.alpha < Double(picture.width * picture.height)
            var planes = (luminance: [Double](), yellowBlue: [Double](), redGreen: [Double](), alpha: [Double]())
            SamplePixels.forEach(picture) { red, green, blue, alpha in
                let weight = Double(alpha) / 255
                let red = mean.red * (1 - weight) + weight / 255 * Double(red)
                let green = mean.green * (1 - weight) + weight / 255 * Double(green)
                let blue = mean.blue * (1 - weight) + weight / 255 * Double(blue)
                planes.luminance.append((red + green + blue) / 3)
                planes.yellowBlue.append((red + green) / 2 - blue)
                planes.redGreen.append(red - green)
                planes.alpha.append(weight)
            }
            (luminance, yellowBlue, redGreen, alpha) =
                (planes.luminance, planes.yellowBlue, planes.redGreen, planes.alpha)
        }
    }

    /// One plane as its mean, its largest other coefficient, and the others as fractions of that one.
    private struct Channel {
        var mean = 0.0
        var scale = 0.0
        /// Four bits each; 8 is about zero.
        var nibbles: [UInt8] = []

        init(_ plane: [Double], width: Int, height: Int, across: Int, down: Int) {
            let columns = SamplePixels.cosines(frequencies: across, length: width, offset: 0.5)
            let rows = SamplePixels.cosines(frequencies: down, length: height, offset: 0.5)
            var others: [Double] = []
            for y in 0..<down {
                for x in 0..<across where x * down < across * (down - y) {
                    var sum = 0.0
                    for row in 0..<height {
                        let cosine = rows[y][row]
                        for column in 0..<width { sum += plane[row * width + column] * columns[x][column] * cosine }
                    }
                    sum /= Double(width * height)
                    if x == 0, y == 0 { mean = sum } else { others.append(sum) }
                }
            }
            scale = others.reduce(0) { max($0, $1.magnitude) }
            let divisor = scale
            nibbles = others.map { value in
                let part = divisor > 0 ? 0.5 + 0.5 / divisor * value : value
                return UInt8(SamplePixels.rounded(15 * part))
            }
        }
    }
}
