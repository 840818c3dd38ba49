import ImageCodecs
public import ImageModel

/// What one upload may be, where that is less than the service's own limits. Nil: no less.
public struct UploadRules: Sendable, Hashable {
    /// The longest body, in bytes.
    public var maximumBytes: Int64?
    /// The most pixels.
    public var maximumPixels: Int?
    /// The formats that are taken.
    public var formats: [ImageFormat]?

    /// Rules that leave the service's limits as they are, unless they are given.
    public init(maximumBytes: Int64? = nil, maximumPixels: Int? = nil, formats: [ImageFormat]? = nil) {
        self.maximumBytes = maximumBytes
        self.maximumPixels = maximumPixels
        self.formats = formats
    }
}

extension UploadLimits {
    /// The limits of an upload under these rules. No rule lifts a limit.
    func narrowed(by rules: UploadRules) -> UploadLimits {
        var limits = self
        limits.maximumBytes = min(maximumBytes, rules.maximumBytes ?? .max)
        limits.codec.maximumPixels = min(codec.maximumPixels, rules.maximumPixels ?? .max)
        limits.formats = rules.formats
        return limits
    }
}
