/// A rendition with every default written out and the format decided: what is rendered, and what its key is made of.
///
/// Two specs for the same picture are equal: parameters that have no effect are set to their defaults here.
public struct RenditionSpec: Sendable, Hashable {
    /// Of the box, in pixels; nil: free.
    public let width: Int?
    /// Of the box, in pixels; nil: free.
    public let height: Int?
    /// Reduced to its effect on this box: without both sides, nothing is cut off or filled.
    public let fit: RenditionRequest.Fit
    /// ``Gravity/center`` unless the fit cuts something off or pads.
    public let gravity: Gravity
    /// The format that is written, never a choice.
    public let format: ImageFormat
    /// 1 to 100; nil for a format that has none.
    public let quality: Int?
    /// Opaque for a format without transparency; nil: none, or white if there must be one.
    public let background: Color?
    /// `rotate`, then `flip`, of the picture as seen upright.
    public let rotation: Orientation
    /// The standard deviation in pixels of the rendition, more than 0.
    public let blur: Double?
    /// How many times the difference to a slight blur is added, and that blur's standard deviation in pixels.
    public let sharpen: Sharpen?
    /// Only the first frame of an animation, as a still picture.
    public let isStill: Bool
    /// The most bytes that the file may have; nil: any number.
    public let maximumBytes: Int?
    /// Made to be decoded again, as the source of smaller renditions.
    public let isIntermediate: Bool

    /// An unsharp mask.
    public struct Sharpen: Sendable, Hashable {
        /// More than 0.
        public var amount: Double
        /// In pixels of the rendition, at least 1.
        public var deviation: Double

        init(amount: Double, deviation: Double) {
            self.amount = amount
            self.deviation = deviation
        }
    }

    /// The spec of a request in this format, for pictures of this default quality.
    public init(_ request: RenditionRequest, format: ImageFormat, defaultQuality: Int?) {
        self.init(
            width: request.width, height: request.height, fit: request.fit, format: format,
            quality: request.quality ?? defaultQuality, gravity: request.gravity, background: request.background,
            rotation: request.rotation, blur: request.blur, sharpen: request.sharpen, pixelRatio: request.pixelRatio,
            isStill: request.isStill, maximumBytes: request.maximumBytes)
    }

    /// A spec in canonical form: parameters that cannot change the picture get their default value. `blur`, `sharpen`
    /// and `pixelRatio` are rounded to hundredths. Checks no range.
    public init(
        width: Int?, height: Int?, fit: RenditionRequest.Fit, format: ImageFormat, quality: Int?,
        gravity: Gravity = .center, background: Color? = nil, rotation: Orientation = .upright, blur: Double? = nil,
        sharpen: Double? = nil, pixelRatio: Double = 1, isStill: Bool = false, maximumBytes: Int? = nil,
        isIntermediate: Bool = false
    ) {
        self.width = width
        self.height = height
        let fit = Self.canonical(fit, isBox: width != nil && height != nil, isFree: width == nil && height == nil)
        self.fit = fit
        self.gravity = Self.canonical(gravity, fit: fit)
        self.format = format
        self.quality = format.capabilities.hasQuality ? quality : nil
        self.background = Self.canonical(background, format: format, fit: fit)
        self.rotation = rotation
        self.blur = Self.canonical(blur)
        self.sharpen = Self.canonical(sharpen).map { amount in
            Sharpen(amount: amount, deviation: Self.canonical(max(1, pixelRatio)) ?? 1)
        }
        self.isStill = isStill
        self.maximumBytes = maximumBytes
        self.isIntermediate = isIntermediate
    }

    /// Without both sides there is nothing to cut off or to fill; without any, the fit has no effect.
    private static func canonical(_ fit: RenditionRequest.Fit, isBox: Bool, isFree: Bool) -> RenditionRequest.Fit {
        if isBox { return fit }
        if isFree { return .scaleDown }
        return switch fit {
        case .scaleDown, .crop: .scaleDown
        case .contain, .cover, .pad, .fill: .contain
        }
    }

    private static func canonical(_ gravity: Gravity, fit: RenditionRequest.Fit) -> Gravity {
        switch fit {
        case .scaleDown, .contain, .fill: .center
        case .cover, .crop: gravity
        // Nothing is cut off, so there is nothing to choose.
        case .pad: gravity == .smart ? .center : gravity
        }
    }

    private static func canonical(_ color: Color?, format: ImageFormat, fit: RenditionRequest.Fit) -> Color? {
        guard let color else { return nil }
        if !format.capabilities.hasAlpha {
            let seen = color.over(.white)
            return seen == .white ? nil : seen
        }
        // Behind transparent parts a clear colour has no effect; beside a padded picture it does.
        if color.alpha == 0 { return fit == .pad ? .clear : nil }
        return color
    }

    /// Rounded to hundredths; nil for nothing.
    private static func canonical(_ value: Double?) -> Double? {
        guard let value, value.isFinite else { return nil }
        let rounded = (value * 100).rounded() / 100
        return rounded > 0 ? rounded : nil
    }

    /// Equal specs have equal texts: parameters in a fixed order, without those that have no effect.
    public var canonicalText: String {
        var parts: [String] = []
        if let background { parts.append("bg=\(background.hexadecimal)") }
        if let blur { parts.append("blur=\(blur)") }
        parts.append("fit=\(fit.rawValue)")
        parts.append("format=\(format.rawValue)")
        if isStill { parts.append("frame=0") }
        if gravity != .center { parts.append("gravity=\(gravity.canonicalText)") }
        if let height { parts.append("h=\(height)") }
        if isIntermediate { parts.append("intermediate") }
        if let maximumBytes { parts.append("max_bytes=\(maximumBytes)") }
        if let quality { parts.append("q=\(quality)") }
        if let sharpen { parts.append("sharpen=\(sharpen.amount)@\(sharpen.deviation)") }
        // The name is that of stored renditions.
        if rotation != .upright { parts.append("turn=\(rotation.rawValue)") }
        if let width { parts.append("w=\(width)") }
        return parts.joined(separator: "&")
    }
}
