/// A rendition as it was asked for: every parameter checked, defaults not yet applied.
public struct RenditionRequest: Sendable, Hashable {
    /// How the picture is fitted into `width` x `height`. The names are Cloudflare Images'.
    public enum Fit: String, Sendable, Hashable, CaseIterable {
        /// Inside the box, whole, never enlarged.
        case scaleDown = "scale-down"
        /// Inside the box, whole, enlarged where needed.
        case contain
        /// Fills the box, what stands out is cut off; enlarged where needed.
        case cover
        /// As `cover`, but never enlarged: where the picture is too small, the rendition is smaller than the box.
        case crop
        /// As `contain`, and what is left of the box is filled with the background.
        case pad
        /// Squeezed or stretched to the box.
        case fill
    }

    /// The format asked for.
    public enum Format: Sendable, Hashable {
        /// The best one that the client's Accept names.
        case auto
        /// The format that is stored.
        case original
        case fixed(ImageFormat)
    }

    /// What `blur` may be, in CSS pixels: the standard deviation of a Gaussian bell. 0: no blur.
    public static let blurRange = 0.0...250.0
    /// What `sharpen` may be: how many times the difference to a blur of one CSS pixel is added. 0: not at all; 1 is
    /// right for most reductions.
    public static let sharpenRange = 0.0...10.0
    /// What ``maximumBytes`` may be.
    public static let maximumBytesRange = 100...100_000_000

    /// The box in pixels, 1 to 8,192, `dpr` multiplied in. Nil: free. As seen, after ``turn``.
    public var width: Int?
    /// See ``width``.
    public var height: Int?
    /// How the picture is fitted into the box.
    public var fit: Fit
    /// What is kept where something is cut off. As seen, after ``turn``.
    public var gravity: Gravity
    /// The format asked for, which may depend on the client or on what is stored.
    public var format: Format
    /// 1 to 100. Nil: the format's default.
    public var quality: Int?
    /// What stands behind transparent parts and beside a padded picture. Nil: nothing where the format has
    /// transparency (but white beside an opaque picture), white elsewhere.
    public var background: Color?
    /// `rotate`, then `flip`, of the picture as seen upright.
    public var turn: Orientation
    /// The standard deviation in pixels of the rendition, `dpr` multiplied in. Nil: none.
    public var blur: Double?
    /// See ``sharpenRange``. Nil: none.
    public var sharpen: Double?
    /// Pixels of the rendition for one CSS pixel, 1 to 4: what sharpening takes as its measure.
    public var pixelRatio: Double
    /// Of an animation its first picture is wanted, as a still; of a still this says nothing.
    public var isStill: Bool
    /// The most bytes that the file may have: quality is lowered until it fits. Nil: any number. See
    /// ``maximumBytesRange``.
    public var maximumBytes: Int?

    /// A request with every parameter optional. Checks no range: whoever parses the parameters does.
    public init(
        width: Int? = nil, height: Int? = nil, fit: Fit = .scaleDown, gravity: Gravity = .center,
        format: Format = .auto, quality: Int? = nil, background: Color? = nil, turn: Orientation = .upright,
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
        self.turn = turn
        self.blur = blur
        self.sharpen = sharpen
        self.pixelRatio = pixelRatio
        self.isStill = isStill
        self.maximumBytes = maximumBytes
    }
}
