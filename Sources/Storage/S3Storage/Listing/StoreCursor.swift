import ObjectStorage
import TextCoding

/// Where a listing continues: the store's own token, or a key for stores that give none.
enum StoreCursor: Sendable, Hashable {
    case token(String)
    case after([UInt8])

    /// Opaque to callers; the token is kept as it came.
    var text: String {
        switch self {
        case .token(let token): "t\(token)"
        case .after(let key): "k\(Base64URL.encode(key))"
        }
    }

    /// Whether a token that is made from a key has lost some of it. XML cannot hold every character, and a store that
    /// does not encode its tokens writes U+FFFD for the others (SeaweedFS, and others in Go). The store would continue
    /// at another key.
    static func isDamaged(_ token: String) -> Bool {
        token.unicodeScalars.contains("\u{FFFD}")
    }

    init?(_ text: String) {
        switch text.utf8.first {
        case UInt8(ascii: "t") where text.utf8.count > 1:
            self = .token(String(text.dropFirst()))
        case UInt8(ascii: "k"):
            guard let key = Base64URL.decode(text.dropFirst()), !key.isEmpty else { return nil }
            self = .after(key)
        default:
            return nil
        }
    }
}
