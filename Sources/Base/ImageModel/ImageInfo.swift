/// What a picture's header tells about it. Nil means that it is unknown.
public struct ImageInfo: Sendable, Hashable {
    /// The format, recognised by the first bytes of the file.
    public var format: ImageFormat
    /// As stored, before orientation is applied.
    public var size: PixelSize
    /// From EXIF, in an AVIF from irot and imir; ``Orientation/upright`` if the file has none.
    public var orientation: Orientation
    /// Whether pixels may be transparent; false only if all of them are opaque.
    public var hasAlpha: Bool
    /// Frames of an animation; 1 for a still picture. Nil if only the whole file would tell.
    public var frames: Int?
    /// Coded as an animation, perhaps with a single frame: it can only be seen by playing it.
    public var isAnimation: Bool
    /// The description of the embedded ICC profile, or `sRGB` if the file states that or says nothing. Nil if there is
    /// a profile without a name.
    public var colorProfile: String?

    /// A description of a picture. Without `isAnimation`, more than one frame makes it an animation; unknown `frames`
    /// do not.
    public init(
        format: ImageFormat, size: PixelSize, orientation: Orientation = .upright, hasAlpha: Bool = false,
        frames: Int? = 1, isAnimation: Bool? = nil, colorProfile: String? = nil
    ) {
        self.format = format
        self.size = size
        self.orientation = orientation
        self.hasAlpha = hasAlpha
        self.frames = frames
        self.isAnimation = isAnimation ?? ((frames ?? 1) > 1)
        self.colorProfile = colorProfile
    }

    /// Width and height as seen, orientation applied.
    public var displaySize: PixelSize { orientation.swapsAxes ? size.transposed : size }
}
