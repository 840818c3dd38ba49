public import ImageRequests

/// What the image routes need to know of the settings.
public struct ImagesConfiguration: Sendable {
    /// For URLs without a version, while the answer is fresh.
    public var cacheControl: String
    /// What `url` in metadata begins with, without a slash at its end; nil: this server's own path.
    public var urlBase: String?
    /// The longest body, in bytes.
    public var maximumUploadBytes: Int64
    /// Lifts the rules for writes without credentials.
    public var allowsAnonymousWrites: Bool
    /// What renditions may be asked for.
    public var renditions: RenditionRules

    /// A configuration as described at each property.
    public init(
        cacheControl: String, urlBase: String?, maximumUploadBytes: Int64, allowsAnonymousWrites: Bool,
        renditions: RenditionRules
    ) {
        self.cacheControl = cacheControl
        self.urlBase = urlBase
        self.maximumUploadBytes = maximumUploadBytes
        self.allowsAnonymousWrites = allowsAnonymousWrites
        self.renditions = renditions
    }
}
