/// A rendition as it was requested: every parameter checked, defaults not yet applied.
public struct RenditionRequest: Sendable, Hashable {
    /// How the picture is fitted into `width` x `height`. The names are those of Cloudflare Images.
    public enum Fit: String, Sendable, Hashable, CaseIterable {
        /// Inside the box, whole, never enlarged.
        case scaleDown = "scale-down"
        /// Inside the box, whole, enlarged if needed.
        case contain
        /// Fills the box, the excess is cut off; enlarged if needed.
        case cover
        /// Like `cover`, but never enlarged: if the picture is too small, the rendition is smaller than the box.
        case crop
        /// Like `contain`, and the rest of the box is filled with the background.
        case pad
        /// Distorted to the size of the box.
        case fill
    }

    /// The requested format.
    public enum Format: Sendable, Hashable {
        /// The best one that the client's Accept header names.
        case auto
        /// The format that is stored.
        case original
        /// This one, whatever the client accepts.
        case fixed(ImageFormat)
    }

    /// The range of `blur`, in CSS pixels: the standard deviation of a Gaussian. 0: no blur.
    public static let blurRange = 0.0...250.0
    /// The range of `sharpen`: how many times the difference to a blur of one CSS pixel is added. 0: not at all; 1 is
    /// right for most reductions.
    public static let sharpenRange = 0.0...10.0
    /// The range of ``maximumBytes``.
    public static let maximumBytesRange = 100...100_000_000

    /// The box in pixels, 1 to 8,192, already multiplied by `dpr`. Nil: free. As seen, after ``rotation``.
    public var width: Int?
    /// See ``width``.
    public var height: Int?
    /// How the picture is fitted into the box.
    public var fit: Fit
    /// Which part is kept if something is cut off. As seen, after ``rotation``.
    public var gravity: Gravity
    /// The requested format, which may depend on the client or on what is stored.
    public var format: Format
    /// 1 to 100. Nil: the format's default.
    public var quality: Int?
    /// The colour behind transparent parts and beside a padded picture. If it is nil:
    /// - a format with transparency gets no colour, but the padding of an opaque picture is white
    /// - a format without transparency gets white
    public var background: Color?
    /// `rotate`, then `flip`, of the picture as seen upright.
    public var rotation: Orientation
    /// The standard deviation in pixels of the rendition, already multiplied by `dpr`. Nil: none.
    public var blur: Double?
    /// See ``sharpenRange``. Nil: none.
    public var sharpen: Double?
    /// Pixels of the rendition per CSS pixel, 1 to 4: sharpening depends on it.
    public var pixelRatio: Double
    /// Whether only the first frame of an animation is wanted, as a still picture. No effect on a still picture.
    public var isStill: Bool
    /// The most bytes that the file may have: quality is lowered until it fits. Nil: any number. See
    /// ``maximumBytesRange``.
    public var maximumBytes: Int?

    /// Every parameter is optional. The ranges are not checked here; the parser of the query checks them.
    public init(
        width: Int? = nil, height: Int? = nil, fit: Fit = .scaleDown, gravity: Gravity = .center,
        format: Format = .auto, quality: Int? = nil, background: Color? = nil, rotation: Orientation = .upright,
        blur: Double? = nil, sharpen: Double? = nil, pixelRatio: Double = 1, isStill: Bool = false,
        maximumBytes: Int? = nil
    ) {
        self.width = width
        self.height = height
        self.fit = fit
        self.gravity = gravity
        self.format = format
        self.quality = quality
        self.background = background
        self.rotation = rotation
        self.blur = blur
        self.sharpen = sharpen
        self.pixelRatio = pixelRatio
        self.isStill = isStill
        self.maximumBytes = maximumBytes
    }
}
