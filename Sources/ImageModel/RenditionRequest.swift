/// A rendition as it was asked for: every parameter checked, defaults not yet applied.
public struct RenditionRequest: Sendable, Hashable {
    /// How the picture is fitted into `width` x `height`. The names are Cloudflare Images'.
    public enum Fit: String, Sendable, Hashable, CaseIterable {
        /// Inside the box, whole, never enlarged.
        case scaleDown = "scale-down"
        /// Fills the box, what stands out is cut off; enlarged where needed.
        case cover
    }

    /// The format asked for.
    public enum Format: Sendable, Hashable {
        /// The best one that the client's Accept names.
        case auto
        /// The format that is stored.
        case original
        case fixed(ImageFormat)
    }

    /// The box in pixels, 1 to 8,192, `dpr` multiplied in. Nil: free.
    public var width: Int?
    public var height: Int?
    public var fit: Fit
    public var format: Format
    /// 1 to 100. Nil: the format's default.
    public var quality: Int?

    public init(
        width: Int? = nil, height: Int? = nil, fit: Fit = .scaleDown, format: Format = .auto, quality: Int? = nil
    ) {
        self.width = width
        self.height = height
        self.fit = fit
        self.format = format
        self.quality = quality
    }
}

/// A rendition with every default written out and the format settled: what is rendered, and what its key is made of.
public struct RenditionSpec: Sendable, Hashable {
    public var width: Int?
    public var height: Int?
    public var fit: RenditionRequest.Fit
    public var format: ImageFormat
    /// 1 to 100; nil for a format that has none.
    public var quality: Int?

    public init(
        width: Int?, height: Int?, fit: RenditionRequest.Fit, format: ImageFormat, quality: Int?
    ) {
        self.width = width
        self.height = height
        // Without both sides there is nothing to cut off, and without any the fit says nothing at all.
        self.fit = width == nil || height == nil ? (width == nil && height == nil ? .scaleDown : fit) : fit
        self.format = format
        self.quality = format.capabilities.hasQuality ? quality : nil
    }

    /// One text for one picture: parameters in a fixed order, absent ones left out.
    public var canonicalText: String {
        var parts = ["fit=\(fit.rawValue)", "format=\(format.rawValue)"]
        if let height { parts.append("h=\(height)") }
        if let quality { parts.append("q=\(quality)") }
        if let width { parts.append("w=\(width)") }
        return parts.joined(separator: "&")
    }
}
