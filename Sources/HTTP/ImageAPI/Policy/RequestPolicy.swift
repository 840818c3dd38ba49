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
    func judge(_ action: RequestAction, by origin: RequestOrigin, _ query: Query) async throws(Problem) -> RequestGrant

    /// Checks a read of an image with what is in memory, on an event loop and without waiting.
    ///
    /// - Returns: What ``judge(_:by:_:)`` would grant; nil if that method must be asked.
    func quickGrant(_ request: FastRequest) -> RequestGrant?
}

/// What a request asks to do.
enum RequestAction: Sendable, Hashable {
    /// An original or a rendition.
    case read(ImagePath)
    /// Metadata; with the location of a photo, if requested.
    case describe(ImagePath, location: Bool)
    case list
    case upload(ImagePath)
    /// A form names its paths later.
    case uploadForm
    case rotate(ImagePath)
    case delete(ImagePath)

    /// Whether it changes stored data, or shows data that only writers may see.
    var needsWriter: Bool {
        switch self {
        case .read, .list, .describe(_, location: false): false
        case .describe(_, location: true), .upload, .uploadForm, .rotate, .delete: true
        }
    }
}

/// The origin of a request, as far as its head and its connection tell.
struct RequestOrigin: Sendable {
    var headers: HTTPFields
    /// The Host field, or the host of a target that is a whole URL.
    var authority: String?
    /// Whether the peer of the connection is on this machine.
    var isLoopback: Bool
}

/// What a policy grants to one request.
///
/// A class, because the fast path compares grants by identity: it uses a cached response only for requests with the
/// grant for which the response was made.
final class RequestGrant: Sendable {
    /// For URLs without a version, while the response is fresh.
    let cacheControl: String
    /// Which renditions the client may request.
    let renditions: RenditionRules
    /// The longest body of an upload, in bytes.
    let maximumUploadBytes: Int64

    init(cacheControl: String, renditions: RenditionRules, maximumUploadBytes: Int64) {
        self.cacheControl = cacheControl
        self.renditions = renditions
        self.maximumUploadBytes = maximumUploadBytes
    }
}
