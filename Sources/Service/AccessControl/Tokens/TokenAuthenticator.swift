/// Verifies the tokens of requests: with the cache if it can, with the present keys otherwise, and once more with fresh
/// keys if the token names one that is not known, or names none and fits none.
public struct TokenAuthenticator: Sendable {
    private let keys: TokenKeySource
    private let cache: VerifiedTokens
    private let issuer: String?
    private let audience: String?

    /// - Parameters:
    ///   - keys: where the keys come from.
    ///   - cache: for this authenticator alone: it trusts what is in it.
    ///   - issuer: what `iss` must be; nil: it is not judged.
    ///   - audience: what `aud` must be or contain; nil: it is not judged.
    public init(keys: TokenKeySource, cache: VerifiedTokens, issuer: String?, audience: String?) {
        self.keys = keys
        self.cache = cache
        self.issuer = issuer
        self.audience = audience
    }

    /// Changes with the keys.
    var generation: UInt64 { keys.generation }

    /// The claims of a token that was verified before. It can be called on an event loop.
    ///
    /// - Parameters:
    ///   - token: the compact form, as bytes.
    ///   - now: Unix seconds.
    /// - Returns: nil if ``verify(_:at:)`` must be asked.
    public func knownClaims(of token: some Sequence<UInt8>, at now: Int64) -> TokenClaims? {
        cache.claims(of: token, generation: keys.generation, at: now)
    }

    /// Verifies a token, and remembers it if it is valid. It computes for up to some hundred microseconds, and may wait
    /// some seconds for a refresh of the keys.
    ///
    /// - Parameters:
    ///   - token: the compact form, as bytes.
    ///   - now: Unix seconds.
    public func verify(_ token: [UInt8], at now: Int64) async throws(TokenError) -> TokenClaims {
        // Taken before the token is verified: keys that change meanwhile make the result too old to be remembered.
        let snapshot = keys.current
        do {
            return try verify(token, at: now, with: snapshot)
        } catch {
            guard Self.mayBeOfNewKey(token, error),
                let fresh = await keys.refresh(afterUnknownKeyIn: snapshot.generation)
            else { throw error }
            return try verify(token, at: now, with: fresh)
        }
    }

    /// Whether the token may be of a key that the issuer has published since the keys were fetched. Without a `kid`, a
    /// signature that fits no key says so, too.
    private static func mayBeOfNewKey(_ token: [UInt8], _ error: TokenError) -> Bool {
        switch error {
        case .unknownKey: true
        case .badSignature, .unsupportedAlgorithm: TokenVerifier.namesNoKey(token)
        default: false
        }
    }

    private func verify(
        _ token: [UInt8], at now: Int64, with snapshot: TokenKeySource.Snapshot
    ) throws(TokenError) -> TokenClaims {
        let verifier = TokenVerifier(keys: snapshot.keys, issuer: issuer, audience: audience)
        let claims = try verifier.verify(token, at: now)
        cache.insert(token, claims, generation: snapshot.generation)
        return claims
    }
}
