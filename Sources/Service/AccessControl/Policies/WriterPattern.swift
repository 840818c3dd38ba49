/// Who may write under a prefix, beside what scopes and prefixes of a credential permit.
public enum WriterPattern: Sendable, Hashable {
    /// Everybody whom the other rules permit.
    case everybody
    /// The API key of this name; nil: every API key.
    case key(String?)
    /// The tokens of this subject; nil: every token.
    case subject(String?)

    private static let wildcard = "*"

    /// Reads `*`, `key:NAME`, `key:*`, `subject:NAME` or `subject:*`. Nil if the text is something else.
    public init?(_ text: some StringProtocol) {
        if text == Self.wildcard {
            self = .everybody
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        let name = parts[1] == Self.wildcard ? nil : String(parts[1])
        switch parts[0] {
        case "key":
            if let name, !APIKey.isName(name) { return nil }
            self = .key(name)
        case "subject": self = .subject(name)
        default: return nil
        }
    }

    /// As ``init(_:)`` reads it.
    public var text: String {
        switch self {
        case .everybody: Self.wildcard
        case .key(let name): "key:\(name ?? Self.wildcard)"
        case .subject(let name): "subject:\(name ?? Self.wildcard)"
        }
    }

    /// Whether a caller is meant.
    ///
    /// - Parameter identity: nil: no credential is configured.
    public func includes(_ identity: Identity?) -> Bool {
        switch (self, identity?.name) {
        case (.everybody, _): true
        case (.key(nil), .key), (.subject(nil), .subject): true
        case (.key(let wanted?), .key(let name)): Self.equal(wanted, name)
        case (.subject(let wanted?), .subject(let name?)): Self.equal(wanted, name)
        default: false
        }
    }

    /// As bytes: Swift takes two spellings of an accent for the same text, and an issuer of tokens may not.
    private static func equal(_ first: String, _ second: String) -> Bool {
        first.utf8.elementsEqual(second.utf8)
    }
}
