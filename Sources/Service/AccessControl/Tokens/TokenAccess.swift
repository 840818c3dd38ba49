/// Tokens as credentials: who presents one, and where it permits what.
public struct TokenAccess: Sendable {
    private let authenticator: TokenAuthenticator
    private let template: PrefixTemplate

    /// - Parameter template: the prefixes of a token that says nothing about them.
    public init(_ authenticator: TokenAuthenticator, template: PrefixTemplate) {
        self.authenticator = authenticator
        self.template = template
    }

    /// Changes with the keys of tokens.
    var generation: UInt64 { authenticator.generation }

    /// - Parameter now: Unix seconds.
    /// - Throws: ``AccessError/badCredential(_:)``.
    func identity(of token: [UInt8], now: Int64) async throws(AccessError) -> Identity {
        do throws(TokenError) {
            return identity(try await authenticator.verify(token, at: now))
        } catch {
            throw .badCredential(error.reason)
        }
    }

    /// Nil if ``identity(of:now:)`` has to be asked. Does not wait.
    func knownIdentity(of token: [UInt8], now: Int64) -> Identity? {
        authenticator.knownClaims(of: token, at: now).map(identity)
    }

    /// What a token of this subject permits that names no prefixes.
    func identity(ofSubject subject: String, scopes: Scopes) -> Identity {
        Identity(name: .subject(subject), scopes: scopes, prefixes: template.prefixes(subject: subject))
    }

    private func identity(_ claims: TokenClaims) -> Identity {
        Identity(
            name: .subject(claims.subject), scopes: claims.scopes,
            prefixes: claims.prefixes ?? template.prefixes(subject: claims.subject), expires: claims.expires)
    }
}
