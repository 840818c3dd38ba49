import ImageCodecs
import ImageModel

/// Finds the part of a picture that people look at first, for `gravity=smart`.
///
/// As in libvips' smartcrop, three things draw attention: edges, skin colours, and strong colours. They are found in a
/// small copy of the picture. The part that contains most of them is chosen; those near its middle count more.
enum Attention {
    /// The longer side of the small copy, in pixels. Faces of a twentieth of the picture still have some pixels there,
    /// and details smaller than a few pixels, such as grain and texture, do not count as edges.
    private static let side = 96

    /// Moves a region within the picture, keeping its size.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func place(
        _ region: SourceRegion, in picture: borrowing PixelBuffer, cancelled: CancelFlag
    ) throws(CodecError) -> SourceRegion {
        let (width, height) = (Double(picture.width), Double(picture.height))
        let size = smallSize(of: picture.size)
        let whole = SourceRegion(x: 0, y: 0, width: width, height: height)
        let small = try Resampler.resample(picture, region: whole, to: size, cancelled: cancelled)
        let map = AttentionMap(of: small)
        var moved = region
        moved.x = position(length: region.width, in: width, profile: map.columns, from: region.x)
        moved.y = position(length: region.height, in: height, profile: map.rows, from: region.y)
        return moved
    }

    /// An upper bound of the memory for ``place(_:in:cancelled:)``, without the picture.
    static func workingBytes(of picture: PixelSize) -> Int {
        let size = smallSize(of: picture)
        return size.pixels * (4 + 8) + Resampler.workingBytes(input: picture, output: size)
    }

    /// The position of a window of `length` with the highest score. The profile represents a side of `full` pixels.
    private static func position(length: Double, in full: Double, profile: [Float], from centred: Double) -> Double {
        let slack = full - length
        guard slack > 0 else { return centred }
        let step = full / Double(profile.count)
        // Whole steps of the profile from the beginning, and the last possible position.
        let places = stride(from: 0, to: slack, by: step).map(\.self) + [slack]
        var best = (score: -Float.infinity, place: centred)
        // The middle first: it stays if no other position scores higher.
        for place in [slack / 2] + places {
            let score = score(profile, from: place / step, to: (place + length) / step)
            if score > best.score * 1.0001 || best.score == -.infinity { best = (score, place) }
        }
        return best.place
    }

    /// The sum of a profile within a window; its middle counts fully, its ends half.
    private static func score(_ profile: [Float], from start: Double, to end: Double) -> Float {
        let middle = (start + end) / 2
        let half = (end - start) / 2
        var sum: Float = 0
        for index in profile.indices {
            let distance = abs(Double(index) + 0.5 - middle) / half
            if distance < 1 { sum += profile[index] * Float(1 - distance * distance / 2) }
        }
        return sum
    }

    private static func smallSize(of size: PixelSize) -> PixelSize {
        let longest = max(size.width, size.height)
        func scaled(_ length: Int) -> Int { min(length, max(1, length * side / longest)) }
        return PixelSize(width: scaled(size.width), height: scaled(size.height))
    }
}
