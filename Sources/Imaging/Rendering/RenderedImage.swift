public import ImageModel

/// A finished rendition.
public struct RenderedImage: Sendable, Hashable {
    /// The file.
    public var bytes: [UInt8]
    /// The format of the file.
    public var format: ImageFormat
    /// As seen; the file itself has no orientation.
    public var size: PixelSize

    init(bytes: [UInt8], format: ImageFormat, size: PixelSize) {
        self.bytes = bytes
        self.format = format
        self.size = size
    }
}
