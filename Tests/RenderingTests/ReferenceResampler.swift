import ImageCodecs
import ImageModel

@testable import Rendering

/// Lanczos resampling directly from the formula: for every output pixel the sum over all input pixels, in doubles,
/// without the tables and passes of the product.
enum ReferenceResampler {
    static func resample(
        _ samples: [UInt8], width: Int, height: Int, layout: PixelBuffer.Layout, region: SourceRegion,
        to size: PixelSize
    ) -> [UInt8] {
        let channels = layout.bytesPerPixel
        var output: [UInt8] = []
        for y in 0..<size.height {
            let rows = weights(count: height, origin: region.y, length: region.height, index: y, of: size.height)
            for x in 0..<size.width {
                let columns = weights(count: width, origin: region.x, length: region.width, index: x, of: size.width)
                var sums = [Double](repeating: 0, count: channels)
                for (row, rowWeight) in rows.enumerated() where rowWeight != 0 {
                    for (column, columnWeight) in columns.enumerated() where columnWeight != 0 {
                        let at = (row * width + column) * channels
                        let alpha = layout.hasAlpha ? Double(samples[at + 3]) / 255 : 1
                        for channel in 0..<channels {
                            let value = channel == 3 ? 255 : Double(samples[at + channel])
                            sums[channel] += rowWeight * columnWeight * alpha * value
                        }
                    }
                }
                output += bytes(sums, hasAlpha: layout.hasAlpha)
            }
        }
        return output
    }

    private static func bytes(_ sums: [Double], hasAlpha: Bool) -> [UInt8] {
        guard hasAlpha else { return sums.map(byte) }
        let alpha = byte(sums[3])
        guard alpha > 0 else { return [0, 0, 0, 0] }
        return sums[..<3].map { byte($0 * 255 / sums[3]) } + [alpha]
    }

    private static func byte(_ value: Double) -> UInt8 { UInt8(min(max(value, 0), 255) + 0.5) }

    private static func weights(count: Int, origin: Double, length: Double, index: Int, of total: Int) -> [Double] {
        let scale = length / Double(total)
        let centre = origin + (Double(index) + 0.5) * scale
        let raw = (0..<count).map { lanczos((Double($0) + 0.5 - centre) / max(1, scale)) }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum }
    }

    /// The product of two sines divided by their angles. It uses the power series of the sine, so it needs no library.
    private static func lanczos(_ x: Double) -> Double {
        guard abs(x) < 3 else { return 0 }
        return sinc(x) * sinc(x / 3)
    }

    private static func sinc(_ x: Double) -> Double {
        let square = (Double.pi * x) * (Double.pi * x)
        var (term, sum) = (1.0, 1.0)
        for n in 1...40 {
            term *= -square / Double(2 * n * (2 * n + 1))
            sum += term
        }
        return sum
    }
}
