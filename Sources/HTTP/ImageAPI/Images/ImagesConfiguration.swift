public import ImageRequests

/// The settings of the image routes.
public struct ImagesConfiguration: Sendable {
    /// For URLs without a version, while the response is fresh.
    public var cacheControl: String
    /// The start of `url` in metadata, without a slash at the end; nil: this server's own path.
    public var urlBase: String?
    /// The longest body, in bytes.
    public var maximumUploadBytes: Int64
    /// Lifts the rules for writes without credentials.
    public var allowsAnonymousWrites: Bool
    /// Whether everybody may read images and their metadata, if credentials are configured. Without credentials,
    /// everybody may.
    public var readsArePublic: Bool
    /// Which renditions clients may request.
    public var renditions: RenditionRules
    /// Which pages may use the server from their scripts.
    public var origins: AllowedOrigins

    /// Creates a configuration; see each property.
    public init(
        cacheControl: String, urlBase: String?, maximumUploadBytes: Int64, allowsAnonymousWrites: Bool,
        readsArePublic: Bool = true, renditions: RenditionRules, origins: AllowedOrigins = AllowedOrigins()
    ) {
        self.cacheControl = cacheControl
        self.urlBase = urlBase
        self.maximumUploadBytes = maximumUploadBytes
        self.allowsAnonymousWrites = allowsAnonymousWrites
        self.readsArePublic = readsArePublic
        self.renditions = renditions
        self.origins = origins
    }
}
