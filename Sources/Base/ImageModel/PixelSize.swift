/// A width and a height in pixels, both at least 1.
public struct PixelSize: Sendable, Hashable {
    /// Pixels of a row; at least 1.
    public var width: Int
    /// Rows; at least 1.
    public var height: Int

    /// A size of these sides. Does not check that they are at least 1.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The number of pixels. Sides come from headers of at most 32 bits, so the product fits.
    public var pixels: Int { width * height }

    /// The same size with its axes exchanged.
    public var transposed: PixelSize { PixelSize(width: height, height: width) }
}

extension PixelSize: CustomStringConvertible {
    /// For logs and messages: `1920x1080`.
    public var description: String { "\(width)x\(height)" }
}
