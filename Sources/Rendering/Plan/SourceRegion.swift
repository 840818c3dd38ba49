import ImageModel

/// A rectangle of a picture, in pixels and fractions of pixels from its top left corner. Pixel 0 covers 0 to 1.
///
/// Fractions matter: a centred cut of an odd remainder, or a picture that was halved from an odd size, would else be
/// shifted by half a pixel.
public struct SourceRegion: Sendable, Hashable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The same part of the picture after it was made smaller by `denominator` in both directions.
    func reduced(by denominator: Int) -> SourceRegion {
        let factor = Double(denominator)
        return SourceRegion(x: x / factor, y: y / factor, width: width / factor, height: height / factor)
    }

    /// Whether this is all of a picture of that size.
    func isWhole(of size: PixelSize) -> Bool {
        x == 0 && y == 0 && width == Double(size.width) && height == Double(size.height)
    }
}
