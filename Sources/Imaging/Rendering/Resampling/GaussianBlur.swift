import ImageCodecs
import ImageModel

/// A Gaussian blur.
///
/// After a wide blur the picture could be held by fewer pixels. So the blur is only computed at points half its
/// standard deviation apart, and Lanczos interpolates between them: the same picture, but the time does not grow with
/// the width of the blur.
enum GaussianBlur {
    /// - Parameter deviation: the standard deviation in pixels, more than 0.
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

    /// An upper bound of its memory, without the input picture but including the result.
    static func memoryBytes(size: PixelSize, deviation: Double) -> Int {
        let points = points(of: size, deviation: deviation)
        return size.pixels * 4 + points.pixels * 4
            + Resampler.workingBytes(input: size, output: points, filter: .gaussian(deviation: deviation))
            + Resampler.workingBytes(input: points, output: size)
    }

    private static func points(of size: PixelSize, deviation: Double) -> PixelSize {
        // Below a distance of two steps there would be nothing to save. Some points are always kept: with them, the
        // edges of a picture that is smaller than the blur keep their weight.
        let step = max(1, deviation / 2)
        guard step >= 2 else { return size }
        func count(_ side: Int) -> Int { min(side, max(8, Int((Double(side) / step).rounded(.up)))) }
        return PixelSize(width: count(size.width), height: count(size.height))
    }

    private static func whole(of size: PixelSize) -> SourceRegion {
        SourceRegion(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    }
}
