import HTTPServer
import HTTPTypes
import ImageRequests

/// The fields that tell browsers what they may do with an answer. `Representation` sets its own, because the fast path
/// keeps its heads; every other answer gets them here.
///
/// - Content-Security-Policy: what is opened as a page loads nothing, runs nothing, and has an origin of its own. It
///   has no effect on an image in a page.
/// - X-Content-Type-Options: the type is the declared one.
/// - Cross-Origin-Resource-Policy: whether pages of other origins may embed it (Fetch, section 3.7).
/// - Referrer-Policy, on documents: some browsers make links of the URLs in them. A link would tell the URL of the
///   document, and a URL may have a signature. An image has no links and, under its policy, loads nothing.
///
/// 304 has only those fields that a cache must learn anew. A browser keeps the others with the stored response
/// (RFC 9111, section 3.2), and for one URL they never change. It does need:
/// - Vary, and the fields of CORS: a browser that has stored the image for one origin may validate that response for
///   another one, and checks the merged fields. If the script itself has sent If-None-Match, it checks the 304.
/// - Cross-Origin-Resource-Policy: it is checked in the same way, and it changes if reads become public or protected.
struct BrowserSafety: Sendable {
    /// Nil: no origin but the own is allowed to read answers.
    let crossOrigin: CrossOrigin?

    init(_ configuration: ImagesConfiguration) {
        crossOrigin = CrossOrigin(configuration.origins)
    }

    static let contentPolicy = "default-src 'none'; sandbox"

    static func resourcePolicy(isOpenRead: Bool) -> String { isOpenRead ? "cross-origin" : "same-origin" }

    /// Completes a response.
    ///
    /// - Parameter notes: Of the request; nil if it could not be read.
    func finish(_ response: inout Response, to request: HTTPFields?, _ notes: RequestNotes?) {
        let isOpenRead = notes?.current.isOpenRead ?? false
        // In place: `headers` of a response would be copied.
        if response.head.headerFields[.crossOriginResourcePolicy] == nil {
            response.head.headerFields[.crossOriginResourcePolicy] = Self.resourcePolicy(isOpenRead: isOpenRead)
            if response.status != .notModified {
                response.head.headerFields[.contentTypeOptions] = "nosniff"
                response.head.headerFields[.contentSecurityPolicy] = Self.contentPolicy
                response.head.headerFields[.referrerPolicy] = "no-referrer"
            }
        }
        guard let crossOrigin else { return }
        response.head.headerFields.varyByOrigin()
        let fields = crossOrigin.fields(request, isOpenRead: isOpenRead)
        guard !fields.isEmpty else { return }
        response.head.headerFields.append(contentsOf: fields)
        // If the body fails before its first byte, an error takes the place of this response.
        notes?.update { $0.crossOrigin = fields }
    }

    /// The answer to OPTIONS, which needs no credential (Fetch, section 3.2.2): a preflight cannot carry one.
    ///
    /// - Throws: ``Problem`` if there is no such resource.
    func options(_ path: ArraySlice<UInt8>, _ headers: HTTPFields) throws(Problem) -> Response {
        let resource = try Route.resource(at: path)
        var response = Response(
            status: .noContent, headers: [.allow: Route.list(resource.methods + [.options])])
        guard let crossOrigin else { return response }
        response.headers.varyByOrigin()
        response.headers.append(
            contentsOf: crossOrigin.preflight(headers, methods: resource.methods, isReadable: resource.isReadable))
        return response
    }
}

extension HTTPFields {
    /// Adds Origin to Vary.
    mutating func varyByOrigin() {
        guard let vary = self[.vary] else { return self[.vary] = Variance.origin }
        if !vary.hasSuffix(Variance.origin) { self[.vary] = "\(vary), \(Variance.origin)" }
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .via
}
