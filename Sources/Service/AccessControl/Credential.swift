/// What a request presents as its credential.
public enum Credential: Sendable, Hashable {
    /// A bearer token (RFC 6750): the secret of an API key, or a JSON web token.
    case bearer(String)
    /// The secret of an API key.
    case key(String)
}
