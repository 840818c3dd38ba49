import ImageCodecs

/// How much attention each column and each row of a small picture draws.
struct AttentionMap {
    private(set) var columns: [Float]
    private(set) var rows: [Float]

    init(of picture: borrowing PixelBuffer) {
        let (width, height) = (picture.width, picture.height)
        columns = Array(repeating: 0, count: width)
        rows = Array(repeating: 0, count: height)
        let bytes = picture.layout.bytesPerPixel
        let hasColor = bytes >= 3
        var lightness: [Float] = []
        lightness.reserveCapacity(width * height)
        var scores: [Float] = []
        scores.reserveCapacity(width * height)
        picture.withSamples { samples in
            for pixel in 0..<(width * height) {
                let at = pixel * bytes
                // Invisible pixels draw no attention.
                let seen = bytes == 4 ? Float(samples[at + 3]) / 255 : 1
                let red = Float(samples[at]) * seen
                let green = hasColor ? Float(samples[at + 1]) * seen : red
                let blue = hasColor ? Float(samples[at + 2]) * seen : red
                let light = 0.299 * red + 0.587 * green + 0.114 * blue
                lightness.append(light)
                scores.append(Self.skin(red, green, blue, light) + Self.saturation(red, green, blue))
            }
        }
        for y in 0..<height {
            for x in 0..<width {
                let score = scores[y * width + x] + Self.edge(lightness, x: x, y: y, width: width, height: height)
                columns[x] += score
                rows[y] += score
            }
        }
    }

    /// How much a pixel differs from the mean of its four neighbours: the magnitude of the Laplacian, 0 to 255. It is
    /// weighted more than colours, because detail draws the eye first. The picture's own edge does not count as detail.
    private static func edge(_ lightness: [Float], x: Int, y: Int, width: Int, height: Int) -> Float {
        guard x > 0, y > 0, x < width - 1, y < height - 1 else { return 0 }
        let at = y * width + x
        let around = lightness[at - 1] + lightness[at + 1] + lightness[at - width] + lightness[at + width]
        return 1.5 * abs(lightness[at] - around / 4)
    }

    /// 0 to 255 by how near a colour's direction in RGB is to that of skin, which is nearly the same for all people:
    /// dark and light skin differ by length, not by direction. The direction is that of libvips, (0.78, 0.57, 0.44),
    /// normalised to length one.
    private static func skin(_ red: Float, _ green: Float, _ blue: Float, _ light: Float) -> Float {
        // Dark colours may have any direction.
        guard light > 20 else { return 0 }
        let length = (red * red + green * green + blue * blue).squareRoot()
        let x = red / length - 0.736
        let y = green / length - 0.538
        let z = blue / length - 0.415
        let distance = (x * x + y * y + z * z).squareRoot()
        return max(0, 1 - distance / 0.2) * 200
    }

    /// 0 to 128 by the strength of a colour.
    private static func saturation(_ red: Float, _ green: Float, _ blue: Float) -> Float {
        (max(red, green, blue) - min(red, green, blue)) / 2
    }
}
