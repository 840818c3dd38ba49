import ImageCodecs
import ImageModel

/// A blur by a Gaussian bell.
///
/// A wide bell leaves nothing in a picture that one of fewer pixels could not hold. So the bell is taken only at points
/// half its standard deviation apart, and what is between them is drawn by Lanczos: the same picture, but the time does
/// not grow with the width of the bell.
enum GaussianBlur {
    /// - Parameter deviation: the bell's standard deviation in pixels, more than 0.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func apply(
        deviation: Double, to picture: borrowing PixelBuffer, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let size = picture.size
        let points = points(of: size, deviation: deviation)
        let blurred = try Resampler.resample(
            picture, region: whole(of: size), to: points, filter: .gaussian(deviation: deviation),
            cancelled: cancelled)
        if points == size { return blurred }
        return try Resampler.resample(blurred, region: whole(of: points), to: size, cancelled: cancelled)
    }

    /// An upper bound of what it takes beside the picture that is handed in, the result included.
    static func memoryBytes(size: PixelSize, deviation: Double) -> Int {
        let points = points(of: size, deviation: deviation)
        return size.pixels * 4 + points.pixels * 4
            + Resampler.workingBytes(input: size, output: points, filter: .gaussian(deviation: deviation))
            + Resampler.workingBytes(input: points, output: size)
    }

    private static func points(of size: PixelSize, deviation: Double) -> PixelSize {
        // Below two steps' distance there would be nothing to save. Some points are left in any case: with them the
        // edges of a picture that is smaller than the bell keep their weight.
        let step = max(1, deviation / 2)
        guard step >= 2 else { return size }
        func count(_ side: Int) -> Int { min(side, max(8, Int((Double(side) / step).rounded(.up)))) }
        return PixelSize(width: count(size.width), height: count(size.height))
    }

    private static func whole(of size: PixelSize) -> SourceRegion {
        SourceRegion(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    }
}
