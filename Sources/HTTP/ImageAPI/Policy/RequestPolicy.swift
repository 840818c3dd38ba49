import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService

/// Says who may do what, under which limits: the only place that does. The fast path asks it like the long way, so that
/// no hit goes past a rule.
protocol RequestPolicy: Sendable {
    /// Judges a request before anything is done for it.
    ///
    /// - Throws: ``Problem``, which names the rule and the remedy.
    func judge(_ action: RequestAction, by origin: RequestOrigin, _ query: Query) async throws(Problem) -> RequestGrant

    /// Judges a read of an image by what is in memory, on an event loop and without waiting.
    ///
    /// - Returns: what ``judge(_:by:_:)`` would grant; nil: that has to be asked.
    func quickGrant(_ request: FastRequest) -> RequestGrant?
}

/// What a request asks to do.
enum RequestAction: Sendable, Hashable {
    /// An original or a rendition.
    case read(ImagePath)
    /// Metadata; with the place where a photo was taken, if that is asked for.
    case describe(ImagePath, location: Bool)
    case list
    case upload(ImagePath)
    /// A form names its paths later.
    case uploadForm
    case rotate(ImagePath)
    case delete(ImagePath)

    /// Whether it changes what is stored, or shows what only those who may change it may see.
    var needsWriter: Bool {
        switch self {
        case .read, .list, .describe(_, location: false): false
        case .describe(_, location: true), .upload, .uploadForm, .rotate, .delete: true
        }
    }
}

/// Who sends a request, as far as its head and its connection tell.
struct RequestOrigin: Sendable {
    var headers: HTTPFields
    /// The Host field, or the host of a target that is a whole URL.
    var authority: String?
    /// Whether the other end of the connection is on this machine.
    var isLoopback: Bool
}

/// What a policy grants to one request.
///
/// A class: what the fast path remembers of an answer was made under one grant, and answers only requests that are
/// given the same one.
final class RequestGrant: Sendable {
    /// For URLs without a version, while the answer is fresh.
    let cacheControl: String
    /// Which renditions may be asked for.
    let renditions: RenditionRules
    /// The longest body of an upload, in bytes.
    let maximumUploadBytes: Int64

    init(cacheControl: String, renditions: RenditionRules, maximumUploadBytes: Int64) {
        self.cacheControl = cacheControl
        self.renditions = renditions
        self.maximumUploadBytes = maximumUploadBytes
    }
}
