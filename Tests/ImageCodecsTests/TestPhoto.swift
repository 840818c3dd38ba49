import Foundation

/// A picture with the statistics of a photo: noise whose amplitude falls with its frequency, softer in colour, and
/// edges.
enum TestPhoto {
    static func picture(width: Int, height: Int) -> Picture {
        var samples = [UInt8](repeating: 0, count: width * height * 3)
        let layers = (0..<3).map { layer in field(width, height, seed: UInt64(layer + 1), octaves: layer == 0 ? 6 : 3) }
        for at in 0..<width * height {
            let (x, y) = (Double(at % width), Double(at / width))
            // A dark disc and a sloping roof.
            let isInside = hypot(x - 0.6 * Double(width), y - 0.4 * Double(height)) < 0.2 * Double(height)
            let isBelow = y > 0.8 * Double(height) + 0.3 * x - 0.15 * Double(width)
            let light = 128 + 1.4 * layers[0][at] - (isInside ? 50 : 0) + (isBelow ? 40 : 0)
            let (blue, red) = (0.6 * layers[1][at], 0.6 * layers[2][at] + (isInside ? 25 : 0))
            let values = [light + 1.402 * red, light - 0.344 * blue - 0.714 * red, light + 1.772 * blue]
            for channel in 0..<3 { samples[at * 3 + channel] = UInt8(min(max(values[channel], 0), 255)) }
        }
        return Picture(width: width, height: height, channels: 3, samples: samples)
    }

    /// A sum of grids of random values, joined smoothly. Each grid is half as wide as the one before and three fifths
    /// as strong.
    private static func field(_ width: Int, _ height: Int, seed: UInt64, octaves: Int) -> [Double] {
        var sum = [Double](repeating: 0, count: width * height)
        var noise = SplitMix(seed: seed)
        var (spacing, strength) = (64.0, 60.0)
        for _ in 0..<octaves {
            let columns = Int(Double(width) / spacing) + 2
            let grid = (0..<columns * (Int(Double(height) / spacing) + 2)).map { _ in
                (Double(noise.next() % 10_000) / 5_000 - 1) * strength
            }
            for at in 0..<width * height {
                let (x, y) = (Double(at % width) / spacing, Double(at / width) / spacing)
                let (column, row) = (Int(x), Int(y))
                let (right, down) = (smooth(x - Double(column)), smooth(y - Double(row)))
                let first = row * columns + column
                let upper = grid[first] * (1 - right) + grid[first + 1] * right
                let lower = grid[first + columns] * (1 - right) + grid[first + columns + 1] * right
                sum[at] += upper * (1 - down) + lower * down
            }
            spacing /= 2
            strength *= 0.6
        }
        return sum
    }

    private static func smooth(_ part: Double) -> Double { part * part * (3 - 2 * part) }
}

extension Picture {
    /// The upper left corner.
    func cropped(width: Int, height: Int) -> Picture {
        let rows = (0..<height).flatMap { y in samples[y * self.width * channels..<(y * self.width + width) * channels]
        }
        return Picture(width: width, height: height, channels: channels, samples: rows)
    }
}
