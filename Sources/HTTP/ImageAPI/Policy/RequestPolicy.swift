import AccessControl
import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService

/// Decides who may do what, and within which limits. Nothing else does. The fast path asks it like the normal path, so
/// that rules also apply to hits.
protocol RequestPolicy: Sendable {
    /// Checks a request before any work is done for it.
    ///
    /// - Throws: ``Problem``, which names the rule and the remedy.
    func judge(
        _ action: RequestAction, by origin: RequestOrigin, _ query: Query
    ) async throws(Problem) -> AccessDecision

    /// Checks a read of an image with what is in memory, on an event loop and without waiting.
    ///
    /// - Returns: What ``judge(_:by:_:)`` would grant; nil if that method must be asked.
    func quickGrant(_ request: FastRequest) -> RequestGrant?

    /// Limits how often each client may read; nil: nothing does.
    var hitLimit: (any HitLimit)? { get }

    /// Counts a further file of a form. A form that has begun is not rejected: its client has to wait afterwards.
    func countFile(of client: ClientIdentity)
}

extension RequestPolicy {
    var hitLimit: (any HitLimit)? { nil }

    func countFile(of client: ClientIdentity) {}
}

/// The answer of a policy to a request that it permits.
struct AccessDecision: Sendable {
    /// The rules for this request.
    var grant: RequestGrant
    /// Who sent it; nil if no credential was needed or presented.
    var identity: Identity?
}

/// The origin of a request, as far as its head and its connection tell.
struct RequestOrigin: Sendable {
    var headers: HTTPFields
    /// The Host field, or the host of a target that is a whole URL.
    var authority: String?
    /// Whether the peer of the connection is on this machine.
    var isLoopback: Bool
    /// The query as it came, without the question mark.
    var rawQuery: ArraySlice<UInt8>
    /// The client's address.
    var address = ClientIdentity.unknown
    /// Whether limits count this question. A policy may be asked about one request more than once.
    var isCounted = true
}

/// What a policy grants to one request.
///
/// A class, because the fast path compares grants by identity: it uses a cached response only for requests with the
/// grant for which the response was made.
final class RequestGrant: Sendable {
    /// For URLs without a version, while the response is fresh.
    let cacheControl: String
    /// For URLs with the current version.
    let versionedCacheControl: String
    /// For responses that caches must validate before each use: stale ones, those of another version, and metadata.
    let validatedCacheControl: String
    /// Which renditions the client may request.
    let renditions: RenditionRules
    /// The longest body of an upload, in bytes.
    let maximumUploadBytes: Int64
    /// What an upload may be.
    let uploads: UploadRules
    /// For how long images are served after their last write; nil: for ever.
    let lifetime: ImageLifetime?
    /// Whether everybody may read what this request reads, or everybody with the same signed URL. Pages of other
    /// origins may then embed it.
    let isForEverybody: Bool

    init(
        cacheControl: String, versionedCacheControl: String = CacheControl.versioned.text,
        validatedCacheControl: String = CacheControl.validated.text, renditions: RenditionRules,
        maximumUploadBytes: Int64, uploads: UploadRules = UploadRules(), lifetime: ImageLifetime? = nil,
        isForEverybody: Bool = false
    ) {
        self.uploads = uploads
        self.lifetime = lifetime
        self.isForEverybody = isForEverybody
        self.cacheControl = cacheControl
        self.versionedCacheControl = versionedCacheControl
        self.validatedCacheControl = validatedCacheControl
        self.renditions = renditions
        self.maximumUploadBytes = maximumUploadBytes
    }
}
