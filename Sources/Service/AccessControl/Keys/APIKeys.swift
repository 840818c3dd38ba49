import TextCoding

/// A list of API keys.
///
/// Each entry is `name:secret:scopes` or `name:secret:scopes:prefixes`. Commas or line breaks separate entries; spaces
/// separate scopes, and prefixes. `sha256=` and 64 hexadecimal digits may stand for the secret. Lines that begin with
/// `#` are comments.
public struct APIKeys: Sendable, Hashable {
    /// The shortest secret, in characters.
    public static let shortestSecret = 32
    /// The most keys of a list, because every request with a key compares all of them.
    public static let maximumCount = 1_000
    private static let hashMark = "sha256="

    /// The keys, in the order of the list.
    public let keys: [APIKey]

    /// No keys.
    public init() {
        keys = []
    }

    /// - Throws: ``KeyListError`` for the first error.
    public init(parsing text: String) throws(KeyListError) {
        var keys: [APIKey] = []
        for (place, entry) in KeyList.entries(of: text).enumerated() {
            guard place < Self.maximumCount else { throw KeyListError("more than \(Self.maximumCount) keys") }
            let key = try Self.key(entry, place + 1)
            guard !keys.contains(where: { $0.name == key.name }) else {
                throw KeyListError(entry: place + 1, "the name \(key.name) occurs twice")
            }
            guard !keys.contains(where: { $0.hash == key.hash }) else {
                throw KeyListError(entry: place + 1, "an earlier entry has the same secret")
            }
            keys.append(key)
        }
        self.keys = keys
    }

    private static func key(_ entry: Substring, _ place: Int) throws(KeyListError) -> APIKey {
        let parts = entry.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { throw KeyListError(entry: place, "expected name:secret:scopes[:prefixes]") }
        guard APIKey.isName(parts[0]) else {
            throw KeyListError(entry: place, "the name must be 1 to 64 letters, digits, '.', '_' or '-'")
        }
        var scopes: Scopes = []
        for word in parts[2].split(separator: " ") {
            guard let scope = Scopes.named(word) else {
                // Not the word itself: after a colon in a secret, it is a part of the secret.
                throw KeyListError(entry: place, "the third part must be of the scopes read, write, delete and admin")
            }
            scopes.insert(scope)
        }
        guard !scopes.isEmpty else { throw KeyListError(entry: place, "a key needs a scope") }
        var prefixes = [PathPrefix.everything]
        if parts.count == 4 {
            prefixes = []
            for word in parts[3].split(separator: " ") {
                guard let prefix = PathPrefix(Array(word.utf8)) else {
                    throw KeyListError(entry: place, "each prefix must be a path that ends with a slash")
                }
                prefixes.append(prefix)
            }
            guard prefixes.count <= PathPrefix.maximumCount else {
                throw KeyListError(entry: place, "a key has at most \(PathPrefix.maximumCount) prefixes")
            }
            guard !prefixes.isEmpty else {
                throw KeyListError(entry: place, "after the third colon comes at least one prefix")
            }
        }
        return APIKey(
            name: String(parts[0]), scopes: scopes, prefixes: prefixes, hash: try hash(parts[1], place))
    }

    private static func hash(_ secret: Substring, _ place: Int) throws(KeyListError) -> SecretHash {
        if secret.hasPrefix(hashMark) {
            guard let hash = SecretHash(hexadecimal: secret.dropFirst(hashMark.count)) else {
                throw KeyListError(entry: place, "sha256= must be followed by 64 hexadecimal digits")
            }
            return hash
        }
        guard secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw KeyListError(entry: place, "the secret must be of visible ASCII characters without white space")
        }
        guard secret.utf8.count >= shortestSecret else {
            throw KeyListError(entry: place, "the secret must have at least \(shortestSecret) characters")
        }
        return SecretHash(of: secret.utf8)
    }

    /// A new secret of 256 random bits, in base64url.
    public static func makeSecret() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    /// The text of an entry with the hash of a secret. It is not checked.
    public static func entry(name: String, secret: String, scopes: String, prefixes: String?) -> String {
        let hash = hashMark + SecretHash(of: secret.utf8).hexadecimal
        return [name, hash, scopes, prefixes].compactMap { $0 }.joined(separator: ":")
    }

    /// The key with this secret; nil if no key has it. The time does not depend on how much of a secret is right, or on
    /// which key it is.
    public func key(secret: some Sequence<UInt8>) -> APIKey? {
        let hash = SecretHash(of: secret)
        var found: APIKey?
        for key in keys where key.hash == hash { found = key }
        return found
    }
}

/// The common form of lists of keys.
enum KeyList {
    /// The entries between commas and line breaks, without white space around them, empty ones and comments.
    static func entries(of text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).flatMap { line -> [Substring] in
            let line = trimmed(line)
            return line.hasPrefix("#") ? [] : line.split(separator: ",").map(trimmed).filter { !$0.isEmpty }
        }
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
