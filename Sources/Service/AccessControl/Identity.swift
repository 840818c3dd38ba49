/// Who sends a request, proven by a credential, and what the credential permits.
public struct Identity: Sendable, Hashable {
    /// The kind of credential, and its owner.
    public enum Name: Sendable, Hashable {
        /// The name of an API key.
        case key(String)
        /// The subject of a token; nil if it names none.
        case subject(String?)
    }

    /// The owner of the credential.
    public var name: Name
    /// What it permits.
    public var scopes: Scopes
    /// Where it permits that. Empty: nowhere.
    public var prefixes: [PathPrefix]
    /// When the credential ends, in Unix seconds; nil: it does not.
    public var expires: Int64?

    /// An identity; see the properties.
    public init(name: Name, scopes: Scopes, prefixes: [PathPrefix], expires: Int64? = nil) {
        self.name = name
        self.scopes = scopes
        self.prefixes = prefixes
        self.expires = expires
    }

    /// Whether it has a scope for a path, or for every path that begins so.
    public func may(_ scope: Scopes, _ path: some Collection<UInt8>) -> Bool {
        scopes.isSuperset(of: scope) && prefixes.contains { $0.contains(path) }
    }

    /// For logs: `key:shop` or `subject:7`. Never the credential.
    public var text: String {
        switch name {
        case .key(let name): "key:\(name)"
        case .subject(let subject): "subject:\(subject ?? "")"
        }
    }
}
