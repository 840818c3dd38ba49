import ImageModel

/// A rectangle of a picture, in fractional pixels from its top left corner. Pixel 0 covers 0 to 1.
///
/// Fractions matter: without them a centred crop with an odd remainder, or a picture halved from an odd size, would be
/// shifted by half a pixel.
public struct SourceRegion: Sendable, Hashable {
    /// The left edge.
    public var x: Double
    /// The top edge.
    public var y: Double
    /// The distance between left and right edge, more than 0.
    public var width: Double
    /// The distance between top and bottom edge, more than 0.
    public var height: Double

    /// A rectangle; does not check that it lies within a picture.
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The same part of the picture after a reduction by `denominator` in both directions.
    func reduced(by denominator: Int) -> SourceRegion {
        let factor = Double(denominator)
        return SourceRegion(x: x / factor, y: y / factor, width: width / factor, height: height / factor)
    }

    /// The same part of the same picture at another size.
    func scaled(from full: PixelSize, to size: PixelSize) -> SourceRegion {
        if full == size { return self }
        // Multiplied first, so that the whole picture stays exactly the whole picture.
        func scaled(_ length: Double, from full: Int, to side: Int) -> Double { length * Double(side) / Double(full) }
        return SourceRegion(
            x: scaled(x, from: full.width, to: size.width), y: scaled(y, from: full.height, to: size.height),
            width: scaled(width, from: full.width, to: size.width),
            height: scaled(height, from: full.height, to: size.height))
    }

    /// The same part, aligned to whole pixels along a side that keeps its length: half a pixel off, everything would be
    /// interpolated, which blurs, for a shift that nobody sees.
    func aligned(to size: PixelSize) -> SourceRegion {
        var region = self
        if width == Double(size.width) { region.x.round(.down) }
        if height == Double(size.height) { region.y.round(.down) }
        return region
    }

    /// Whether this is the whole picture of that size.
    func isWhole(of size: PixelSize) -> Bool {
        x == 0 && y == 0 && width == Double(size.width) && height == Double(size.height)
    }

    /// The position of this part of a picture of `size` after the whole picture was rotated.
    func rotated(by orientation: Orientation, in size: PixelSize) -> SourceRegion {
        var region = self
        var (fullWidth, fullHeight) = (Double(size.width), Double(size.height))
        if orientation.isMirrored { region.x = fullWidth - region.x - region.width }
        for _ in 0..<orientation.quarterTurns {
            region = SourceRegion(
                x: fullHeight - region.y - region.height, y: region.x, width: region.height, height: region.width)
            swap(&fullWidth, &fullHeight)
        }
        return region
    }
}
