import Crypto

/// The keys that sign URLs. The first one signs, all of them verify; so keys change without a broken link.
///
/// Each entry is `kid:secret`. Commas or line breaks separate entries; lines that begin with `#` are comments.
public struct SigningKeys: Sendable {
    /// The shortest secret, in bytes.
    public static let shortestSecret = 32

    private let keys: [(id: String, key: SymmetricKey)]

    /// No keys.
    public init() {
        keys = []
    }

    /// - Throws: ``KeyListError`` for the first error.
    public init(parsing text: String) throws(KeyListError) {
        var keys: [(id: String, key: SymmetricKey)] = []
        for (place, entry) in KeyList.entries(of: text).enumerated() {
            let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, APIKey.isName(parts[0]) else {
                throw KeyListError(
                    entry: place + 1, "expected kid:secret, with a kid of 1 to 64 letters, digits, '.', '_' or '-'")
            }
            guard parts[1].utf8.count >= Self.shortestSecret else {
                throw KeyListError(entry: place + 1, "the secret must have at least \(Self.shortestSecret) bytes")
            }
            guard !keys.contains(where: { $0.id == parts[0] }) else {
                throw KeyListError(entry: place + 1, "the kid \(parts[0]) occurs twice")
            }
            keys.append((String(parts[0]), SymmetricKey(data: Array(parts[1].utf8))))
        }
        self.keys = keys
    }

    /// Whether the list has no key.
    public var isEmpty: Bool { keys.isEmpty }

    /// The key that signs; nil if the list is empty.
    var first: (id: String, key: SymmetricKey)? { keys.first }

    func key(id: some Collection<UInt8>) -> SymmetricKey? {
        keys.first { id.elementsEqual($0.id.utf8) }?.key
    }
}
