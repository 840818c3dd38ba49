import CImageCodecs
import ImageModel

/// The part of a picture that is shown (`clap`, ISO/IEC 14496-12, 12.1.4).
///
/// It is a hint of the writer, and no reason to reject a file. A useless one leaves the picture whole, as browsers show
/// it. One that does not consist of whole pixels, or reaches beyond the picture, is rounded and cut, as libheif does.
enum AVIFCleanAperture {
    static func crop(_ box: AVIFBox?, _ bytes: RawSpan, of size: PixelSize) -> tt_crop {
        let whole = tt_crop(x: 0, y: 0, width: UInt32(size.width), height: UInt32(size.height))
        guard let box else { return whole }
        var cursor = AVIFCursor(content: box.content)
        // Width and height, and the distance of their middle from the picture's.
        var values: [Double] = []
        for _ in 0..<4 {
            guard let numerator = cursor.number(bytes, 4), let denominator = cursor.number(bytes, 4), denominator > 0
            else { return whole }
            // All values are read as signed; invalid negative ones are found below.
            values.append(Double(Int32(truncatingIfNeeded: numerator)) / Double(denominator))
        }
        guard let x = span(values[0], middle: values[2], of: size.width),
            let y = span(values[1], middle: values[3], of: size.height)
        else { return whole }
        return tt_crop(
            x: UInt32(x.lowerBound), y: UInt32(y.lowerBound), width: UInt32(x.count), height: UInt32(y.count))
    }

    /// Whole pixels of one side; nil if none of the picture's would be left.
    private static func span(_ length: Double, middle: Double, of side: Int) -> Range<Int>? {
        // Fractions of 32 bits are far from the limits of an Int. A number that should be whole may be slightly less.
        let start = ((Double(side) - length) / 2 + middle + 1e-6).rounded(.down)
        let count = length.rounded(.toNearestOrAwayFromZero)
        guard count >= 1 else { return nil }
        let low = max(0, Int(start))
        let high = min(side, Int(start) + Int(count))
        return low < high ? low..<high : nil
    }
}
