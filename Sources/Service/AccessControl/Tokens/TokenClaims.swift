/// What a valid token says about its bearer.
public struct TokenClaims: Sendable, Hashable {
    /// How far the clocks of two machines may differ, in seconds. Every time in a token is judged with it.
    public static let leeway: Int64 = 30

    /// `sub`: up to 255 bytes of text without control characters; nil: the token has none.
    public var subject: String?
    /// `scope`: only reading if the token has none.
    public var scopes: Scopes
    /// `prefixes`: the folders that the bearer is kept in. Empty: none at all. Nil: the token says nothing about it.
    public var prefixes: [PathPrefix]?
    /// `exp`: Unix seconds, rounded up. The token is accepted until ``leeway`` seconds after it, exclusively.
    public var expires: Int64

    /// Claims, as they are.
    public init(subject: String?, scopes: Scopes, prefixes: [PathPrefix]?, expires: Int64) {
        self.subject = subject
        self.scopes = scopes
        self.prefixes = prefixes
        self.expires = expires
    }

    /// Whether the token is expired at that moment, in Unix seconds.
    func isExpired(at now: Int64) -> Bool { now >= expires + Self.leeway }
}
