import HTTPTypes
import Testing

/// What one user tries against the pictures of another: requests of user `a`, whose folder is `users/a/`, for
/// `users/b/p.jpg`.
struct ForeignRequest: Sendable, CustomTestStringConvertible {
    /// What `a` may have got hold of, without a right to the picture.
    struct Facts: Sendable {
        var etag: String
        var version: String
        /// The query of a signed URL for `users/a/p.jpg`.
        var ownSignature: String
        /// The query of a signed URL for `users/a/p.jpg?w=16`.
        var ownRenditionSignature: String
        /// From a listing of `users/b/`.
        var cursor: String
    }

    var method: HTTPRequest.Method
    /// The part after `/api/v1/`.
    var target: @Sendable (Facts) -> String
    var fields: @Sendable (Facts) -> [String]
    var body: [UInt8]?
    /// The status for `a`.
    var status: Int
    /// The status without a credential, where it is not 401.
    var anonymousStatus: Int
    /// Whether it may ask the store, because `a` may do a part of it, or it is about the folder of `a`.
    var asksStore: Bool

    private init(
        _ method: HTTPRequest.Method, _ status: Int, _ anonymous: Int, _ asksStore: Bool, _ body: [UInt8]?,
        _ fields: @escaping @Sendable (Facts) -> [String], _ target: @escaping @Sendable (Facts) -> String
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.status = status
        anonymousStatus = anonymous
        self.asksStore = asksStore
    }

    init(
        _ method: HTTPRequest.Method, _ target: String, _ status: Int = 403, anonymous: Int = 401,
        asksStore: Bool = false, body: [UInt8]? = nil
    ) {
        self.init(method, status, anonymous, asksStore, body, { _ in [] }, { _ in target })
    }

    /// A GET.
    init(_ target: String, _ status: Int = 403, anonymous: Int = 401, asksStore: Bool = false) {
        self.init(.get, target, status, anonymous: anonymous, asksStore: asksStore)
    }

    /// With header fields.
    static func with(
        _ method: HTTPRequest.Method, _ target: String, _ status: Int = 403, asksStore: Bool = false,
        body: [UInt8]? = nil, fields: @escaping @Sendable (Facts) -> [String]
    ) -> ForeignRequest {
        ForeignRequest(method, status, 401, asksStore, body, fields, { _ in target })
    }

    /// With a target that is made of the facts.
    static func made(
        _ method: HTTPRequest.Method, _ status: Int, anonymous: Int = 401, asksStore: Bool = false,
        body: [UInt8]? = nil, target: @escaping @Sendable (Facts) -> String
    ) -> ForeignRequest {
        ForeignRequest(method, status, anonymous, asksStore, body, { _ in [] }, target)
    }

    var testDescription: String {
        let facts = Facts(etag: "E", version: "V", ownSignature: "S", ownRenditionSignature: "R", cursor: "C")
        return ([method.rawValue, target(facts)] + fields(facts)).joined(separator: " ")
    }

    // MARK: The table

    static func all(picture: [UInt8]) -> [ForeignRequest] {
        reads + conditions + paths + signatures + listings + writes(picture) + forms(picture) + signing
            + [
                ForeignRequest("access", 200), ForeignRequest(.head, "access", 200),
                ForeignRequest("status"), ForeignRequest(.head, "status"),
            ]
    }

    private static let image = "images/users/b/p.jpg"

    private static let reads: [ForeignRequest] =
        [HTTPRequest.Method.get, .head].flatMap { method -> [ForeignRequest] in
            [
                ForeignRequest(method, image), ForeignRequest(method, image + "?w=16"),
                ForeignRequest(method, image + "?w=16&format=png"), ForeignRequest(method, image + "?preset=small"),
                ForeignRequest(method, image + "?format=original"), ForeignRequest(method, image + "?w=nonsense"),
                ForeignRequest.made(method, 403) { image + "?v=\($0.version)" },
                ForeignRequest.made(method, 403) { image + "?w=16&v=\($0.version)" },
                ForeignRequest(method, image + "?v=other"),
                ForeignRequest(method, "metadata/users/b/p.jpg"),
                ForeignRequest(method, "metadata/users/b/p.jpg?include=extras"),
                ForeignRequest(method, "metadata/users/b/p.jpg?include=extras,location"),
            ]
        }

    private static let conditions: [ForeignRequest] = ["images/users/b/p.jpg", "metadata/users/b/p.jpg"].flatMap {
        target in
        [
            ForeignRequest.with(.get, target) { ["If-None-Match: \($0.etag)"] },
            ForeignRequest.with(.get, target) { _ in ["If-None-Match: *"] },
            ForeignRequest.with(.get, target) { ["If-Match: \($0.etag)"] },
            ForeignRequest.with(.get, target) { _ in ["If-Match: \"other\""] },
            ForeignRequest.with(.get, target) { _ in ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"] },
            ForeignRequest.with(.get, target) { _ in ["If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT"] },
            ForeignRequest.with(.get, target) { _ in ["Range: bytes=0-0"] },
            ForeignRequest.with(.get, target) { _ in ["Range: bytes=999999-"] },
            ForeignRequest.with(.get, target) { ["Range: bytes=0-0", "If-Range: \($0.etag)"] },
            ForeignRequest.with(.get, target) { _ in ["Accept: image/avif"] },
            ForeignRequest.with(.get, target) { _ in ["Cache-Control: only-if-cached"] },
            ForeignRequest.with(.get, target) { _ in
                ["X-HTTP-Method-Override: GET", "X-Original-URL: /api/v1/images/users/a/p.jpg"]
            },
        ]
    }

    /// Other names of the same place, and steps from the own folder.
    private static let paths: [ForeignRequest] = [
        ForeignRequest("images/users%2Fb%2Fp.jpg"), ForeignRequest("images/%75sers/b/p%2Ejpg"),
        ForeignRequest("images/users/a/../b/p.jpg", 400, anonymous: 400),
        ForeignRequest("images/users/a/%2e%2e/b/p.jpg", 400, anonymous: 400),
        ForeignRequest("images/users/a%2F..%2Fb%2Fp.jpg", 400, anonymous: 400),
        ForeignRequest("images/users/a/%5C..%5Cb/p.jpg", 400, anonymous: 400),
        ForeignRequest("images/users/a%00/../b/p.jpg", 400, anonymous: 400),
        ForeignRequest("images//users/b/p.jpg", 400, anonymous: 400),
        ForeignRequest("images/users//b/p.jpg", 400, anonymous: 400),
        ForeignRequest("images/Users/b/p.jpg"), ForeignRequest("images/users/a"),
        ForeignRequest("images/users/ab/p.jpg"),
        ForeignRequest("images/users/a;/../b/p.jpg", 400, anonymous: 400),
        // Percent-decoded once: a file with this name in the own folder.
        ForeignRequest("images/users/a/%252e%252e%252fb%252fp.jpg", 404, asksStore: true),
    ]

    private static let signatures: [ForeignRequest] = [
        ForeignRequest.made(.get, 403, anonymous: 403) { image + "?" + $0.ownSignature },
        ForeignRequest.made(.head, 403, anonymous: 403) { image + "?" + $0.ownSignature },
        ForeignRequest.made(.get, 403, anonymous: 403) { image + "?w=16&" + $0.ownSignature },
        ForeignRequest.made(.get, 403, anonymous: 403) { image + "?" + $0.ownRenditionSignature },
        ForeignRequest.made(.get, 403, anonymous: 403) { "images/users/a/p.jpg?" + $0.ownSignature + "&w=16" },
        ForeignRequest.made(.get, 403, anonymous: 403) {
            "images/users/a/p.jpg?" + $0.ownSignature + "&path=users/b/p.jpg"
        },
        ForeignRequest.made(.get, 403, anonymous: 403) {
            "images/users/b/p.jpg?" + $0.ownSignature.replacing("sig=", with: "s%69g=")
        },
        ForeignRequest.made(.get, 403) { "metadata/users/b/p.jpg?" + $0.ownSignature },
        ForeignRequest.made(.get, 403) { "images?prefix=users/b/&" + $0.ownSignature },
        ForeignRequest.made(.put, 403, body: [1]) { image + "?" + $0.ownSignature },
        ForeignRequest.made(.delete, 403) { image + "?" + $0.ownSignature },
        ForeignRequest.made(.post, 403) { image + "/rotate?degrees=90&" + $0.ownSignature },
    ]

    private static let listings: [ForeignRequest] =
        [HTTPRequest.Method.get, .head].flatMap { method -> [ForeignRequest] in
            [
                ForeignRequest(method, "images"), ForeignRequest(method, "images?prefix="),
                ForeignRequest(method, "images?prefix=users/"), ForeignRequest(method, "images?prefix=users/b/"),
                ForeignRequest(method, "images?prefix=users/b/p"),
                ForeignRequest(method, "images?prefix=users/&delimiter=/"),
                ForeignRequest(method, "images?delimiter=/"), ForeignRequest(method, "images?prefix=users/a"),
                ForeignRequest(method, "images?prefix=users/a/&prefix=users/b/"),
                ForeignRequest(method, "images?prefix=users/a/&pre%66ix=users/b/"),
                ForeignRequest.made(method, 403) { "images?prefix=users/&cursor=\($0.cursor)" },
                ForeignRequest.made(method, 403) { "images?cursor=\($0.cursor)" },
                // Its own folder from the place of another: what is listed begins with the prefix.
                ForeignRequest.made(method, 200, asksStore: true) { "images?prefix=users/a/&cursor=\($0.cursor)" },
                ForeignRequest.made(method, 200, asksStore: true) {
                    "images?prefix=users/a/&delimiter=/&cursor=\($0.cursor)"
                },
                ForeignRequest(method, "images?prefix=users/a/../b/", 200, asksStore: true),
                ForeignRequest(method, "images?prefix=users/a/%00", 200, asksStore: true),
            ]
        }

    private static func writes(_ picture: [UInt8]) -> [ForeignRequest] {
        [
            ForeignRequest(.put, image, body: picture), ForeignRequest(.put, image, body: []),
            ForeignRequest.with(.put, image, body: picture) { _ in ["If-None-Match: *"] },
            ForeignRequest.with(.put, image, body: picture) { ["If-Match: \($0.etag)"] },
            ForeignRequest.with(.put, image, body: picture) { _ in ["If-Match: \"other\""] },
            ForeignRequest(.put, "images/users/b/new.jpg", body: picture),
            ForeignRequest(.put, "images/users/b", body: picture),
            ForeignRequest(.put, "images/users/a", body: picture),
            ForeignRequest(.put, "images/users/b/p.jpg/x.jpg", body: picture),
            ForeignRequest(.put, "images/users/a/../b/p.jpg", 400, anonymous: 400, body: picture),
            ForeignRequest(.delete, image), ForeignRequest.with(.delete, image) { ["If-Match: \($0.etag)"] },
            ForeignRequest.with(.delete, image) { _ in ["If-Match: \"other\""] },
            ForeignRequest(.delete, "images/users/b"), ForeignRequest(.delete, "images/users/a"),
            ForeignRequest(.post, image + "/rotate?degrees=90"), ForeignRequest(.post, image + "/rotate"),
            ForeignRequest.with(.post, image + "/rotate?degrees=90") { ["If-Match: \($0.etag)"] },
            ForeignRequest(.post, image + "/rotate", body: Array(#"{"degrees":90}"#.utf8)),
            ForeignRequest(.post, image + "%2Frotate?degrees=90"),
        ]
    }

    /// Forms that name a place of another, first, later, or twice.
    private static func forms(_ picture: [UInt8]) -> [ForeignRequest] {
        func form(_ status: Int, asksStore: Bool = false, _ parts: [(name: String, value: String?)]) -> ForeignRequest {
            var body: [UInt8] = []
            for (name, value) in parts {
                body += Array("--x\r\nContent-Disposition: form-data; name=\"\(name)\"".utf8)
                if let value {
                    body += Array("\r\n\r\n\(value)\r\n".utf8)
                } else {
                    body += Array("; filename=\"users/b/p.jpg\"\r\n\r\n".utf8) + picture + Array("\r\n".utf8)
                }
            }
            body += Array("--x--\r\n".utf8)
            return ForeignRequest.with(.post, "images", status, asksStore: asksStore, body: body) { _ in
                ["Content-Type: multipart/form-data; boundary=x"]
            }
        }
        return [
            form(403, [("prefix", "users/b/"), ("f", nil)]), form(403, [("prefix", "users/b"), ("f", nil)]),
            form(403, [("path", "users/b/p.jpg"), ("f", nil)]), form(403, [("f", nil)]),
            form(403, [("prefix", ""), ("f", nil)]),
            form(403, [("prefix", "users/"), ("f", nil)]), form(403, [("prefix", "users"), ("f", nil)]),
            form(400, [("prefix", "users/a/../b/"), ("f", nil)]),
            form(400, [("path", "users/a/../b/p.jpg"), ("f", nil)]),
            form(400, [("prefix", "users/a/"), ("prefix", "users/b/"), ("f", nil)]),
            form(400, [("prefix", "users/a/"), ("path", "users/b/p.jpg"), ("f", nil)]),
            form(400, asksStore: true, [("prefix", "users/a/"), ("f", nil), ("path", "users/b/p.jpg")]),
            form(403, [("path", "users/b/p.jpg"), ("f", nil), ("g", nil)]),
        ]
    }

    private static let signing: [ForeignRequest] = [
        (#"{"path":"users/b/p.jpg","expiresIn":60}"#, 403), (#"[{"path":"users/b/p.jpg","expiresIn":60}]"#, 403),
        (#"[{"path":"users/a/p.jpg","expiresIn":60},{"path":"users/b/p.jpg","expiresIn":60}]"#, 403),
        (#"{"path":"users/b/p.jpg","query":"w=16","expiresIn":60}"#, 403),
        (#"{"path":"users/a/../b/p.jpg","expiresIn":60}"#, 400), (#"{"path":"users/b/p.jpg","expiresIn":-1}"#, 403),
        (#"{"path":"users/a/p.jpg","path":"users/b/p.jpg","expiresIn":60}"#, 0),
        (#"{"path":"users\u002fb\u002fp.jpg","expiresIn":60}"#, 403),
    ].map { ForeignRequest(.post, "signed-urls", $0.1, body: Array($0.0.utf8)) }
}
