import TextCoding

/// One parameter of a query, not encoded. The value is bytes, because a prefix may end within a character.
struct QueryItem: Sendable, Hashable {
    var name: String
    var value: [UInt8]

    init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    init(_ name: String, _ value: String = "") {
        self.init(name, Array(value.utf8))
    }

    /// As it is signed and sent: a name without a value keeps its equals sign.
    var encoded: String { "\(PercentEncoding.encode(name.utf8))=\(PercentEncoding.encode(value))" }
}

/// What a signature covers, before any encoding.
struct SignableRequest: Sendable {
    var method: String
    /// The bytes of the path, decoded.
    var path: [UInt8]
    var query: [QueryItem] = []
    /// All of these are signed; `host` must be one of them.
    var headers: [(name: String, value: String)]
}

/// The payload hash in a signature.
enum PayloadHash: Sendable, Hashable {
    /// The SHA-256 of the body, in hexadecimal.
    case sha256(String)
    /// The signature does not cover the body; S3 accepts that in presigned URLs.
    case unsigned

    static var empty: PayloadHash { .sha256(Hashing.emptySHA256) }

    var text: String {
        switch self {
        case .sha256(let hex): hex
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }
}
