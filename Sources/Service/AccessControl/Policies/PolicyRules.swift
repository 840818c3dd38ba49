/// What a policy says. Nil: it says nothing about that, and leaves it to the next shorter prefix, and in the end to the
/// settings.
public struct PolicyRules: Sendable, Hashable {
    /// Who may read images and their metadata.
    public enum Reads: String, Sendable, Hashable, CaseIterable {
        /// Everybody.
        case `public`
        /// A credential with `read`, or a signed URL.
        case protected
    }

    /// Which renditions clients may request.
    public enum Renditions: Sendable, Hashable {
        /// Those that the client describes.
        case any
        /// Presets only: these, or every preset if nil.
        case presets([String]?)
    }

    /// Who may read.
    public var reads: Reads?
    /// The types of image that an upload may have, as `ImageFormat` spells them.
    public var types: [String]?
    /// The longest upload, in bytes.
    public var maximumUploadBytes: Int?
    /// The most pixels of an upload.
    public var maximumPixels: Int?
    /// Which renditions may be requested.
    public var renditions: Renditions?
    /// Cache-Control of URLs without a version.
    public var cacheControl: String?
    /// Who may write, of those whose credential permits it. Empty: nobody.
    public var writers: [WriterPattern]?
    /// For how long an image is served after its last write, in seconds; 0: for ever.
    public var lifetime: Int?
    /// Signed URLs that were signed before it are not valid, in Unix seconds.
    public var notBefore: Int64?

    /// Rules that say nothing.
    public init() {}

    /// The same, with what it leaves out from the rules of a shorter prefix.
    func completed(by shorter: PolicyRules) -> PolicyRules {
        var rules = self
        rules.reads = reads ?? shorter.reads
        rules.types = types ?? shorter.types
        rules.maximumUploadBytes = maximumUploadBytes ?? shorter.maximumUploadBytes
        rules.maximumPixels = maximumPixels ?? shorter.maximumPixels
        rules.renditions = renditions ?? shorter.renditions
        rules.cacheControl = cacheControl ?? shorter.cacheControl
        rules.writers = writers ?? shorter.writers
        rules.lifetime = lifetime ?? shorter.lifetime
        rules.notBefore = notBefore ?? shorter.notBefore
        return rules
    }

    /// Whether the rules let a caller write.
    ///
    /// - Parameter identity: nil: no credential is configured.
    public func letWrite(_ identity: Identity?) -> Bool {
        writers.map { $0.contains { $0.includes(identity) } } ?? true
    }
}
