import HTTPServer
import HTTPTypes
import ImageRequests
import NIOCore

/// The fields of the CORS protocol (Fetch, section 3.2), which let scripts of other origins read answers. There is
/// never Access-Control-Allow-Credentials: the server knows no cookies, and scripts send keys themselves.
///
/// On the fast path, heads are shared by all origins. So the fields for one origin are ready as bytes, and follow a
/// head.
struct CrossOrigin: Sendable {
    private let allowed: AllowedOrigins
    /// By origin, as fields and encoded.
    private let listed: [ByteBuffer: Fields]
    private let everybody: Fields

    private struct Fields: Sendable {
        var fields: HTTPFields
        var bytes: ByteBuffer

        init(_ origin: String) {
            fields = [.accessControlAllowOrigin: origin, .accessControlExposeHeaders: CrossOrigin.exposed]
            bytes = FastAnswer.encodeFields(fields)
        }
    }

    /// Nil if no other origin is allowed anything.
    init?(_ allowed: AllowedOrigins) {
        guard !allowed.isEmpty else { return nil }
        self.allowed = allowed
        listed = Dictionary(allowed.origins.map { (ByteBuffer(string: $0), Fields($0)) }) { first, _ in first }
        everybody = Fields("*")
    }

    // MARK: Answers

    /// - Parameters:
    ///   - origins: The values of Origin; nil or empty: the request has none.
    ///   - isOpenRead: Whether everybody gets this answer, or everybody with the same signed URL.
    func fields(_ headers: HTTPFields?, isOpenRead: Bool) -> HTTPFields {
        let origins = headers?[values: .origin] ?? []
        return find(origins.count == 1 ? ByteBuffer(string: origins[0]) : nil, isOpenRead)?.fields ?? HTTPFields()
    }

    /// The same, encoded as they follow a head; nil: none.
    func bytes(_ origin: ByteBuffer?, isOpenRead: Bool) -> ByteBuffer? { find(origin, isOpenRead)?.bytes }

    private func find(_ origin: ByteBuffer?, _ isOpenRead: Bool) -> Fields? {
        if let origin, let fields = listed[origin] { return fields }
        // Without Origin, too: an answer that a CDN keeps without regard to Vary then works for everybody.
        return isOpenRead && allowed.allowsPublicReads ? everybody : nil
    }

    // MARK: Preflight

    /// The fields of a preflight's answer; none if the origin is not allowed what it asks for.
    ///
    /// - Parameters:
    ///   - methods: What the resource has.
    ///   - isReadable: Whether it is an image or its metadata, which may be public.
    func preflight(_ headers: HTTPFields, methods: [HTTPRequest.Method], isReadable: Bool) -> HTTPFields {
        let (origins, wanted) = (headers[values: .origin], headers[values: .accessControlRequestMethod])
        guard origins.count == 1, wanted.count == 1 else { return HTTPFields() }
        if allowed.lists(origins[0]) {
            return Self.preflight(origins[0], methods, Self.credentials + Self.plain + Self.uploads)
        }
        guard allowed.allowsPublicReads, isReadable, let method = HTTPRequest.Method(wanted[0]),
            Self.reads.contains(method)
        else { return HTTPFields() }
        return Self.preflight("*", methods.filter(Self.reads.contains), Self.plain)
    }

    private static let reads: [HTTPRequest.Method] = [.get, .head]

    private static func preflight(
        _ origin: String, _ methods: [HTTPRequest.Method], _ fields: [String]
    ) -> HTTPFields {
        [
            .accessControlAllowOrigin: origin,
            .accessControlAllowMethods: methods.map(\.rawValue).joined(separator: ", "),
            .accessControlAllowHeaders: fields.joined(separator: ", "),
            // Chrome keeps no preflight longer.
            .accessControlMaxAge: "7200",
        ]
    }

    /// Each by name: in Fetch, `*` does not stand for Authorization.
    private static let credentials = ["Authorization", "X-API-Key"]
    private static let plain = [
        "Accept", "Content-Type", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range",
        "Range", "Cache-Control",
    ]
    /// tus 1.0.
    private static let uploads = [
        "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Checksum",
        "Upload-Concat",
    ]

    /// What scripts may read besides the fields that Fetch always shows them.
    private static let exposed = [
        "ETag", "Location", "Retry-After", "Cache-Status", "Content-Disposition", "Content-Range", "Accept-Ranges",
        "Age",
        "Date", "X-Request-Id", "RateLimit", "RateLimit-Policy", "Upload-Offset", "Upload-Length", "Upload-Expires",
        "Upload-Metadata", "Upload-Defer-Length", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
        "Tus-Checksum-Algorithm",
    ].joined(separator: ", ")
}
