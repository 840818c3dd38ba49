/// A named key of a program. Only the hash of its secret is kept.
public struct APIKey: Sendable, Hashable {
    /// Unique in its list: 1 to 64 letters, digits, `.`, `_` or `-`.
    public let name: String
    /// What it permits.
    public let scopes: Scopes
    /// Where; every path by default.
    public let prefixes: [PathPrefix]
    /// SHA-256 of the secret.
    let hash: SecretHash

    /// The requests of this key.
    public var identity: Identity { Identity(name: .key(name), scopes: scopes, prefixes: prefixes) }

    static func isName(_ text: some StringProtocol) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "._-".utf8.contains(byte)
            }
    }
}
