import Logging
import TestClock
import Testing

@testable import AccessControl

@Suite(.timeLimit(.minutes(1))) struct TokenAuthenticatorTests {
    private let clock = ManualClock()
    private let old = SigningKey.ed25519()
    private let new = SigningKey.ed25519()
    private let provider: Provider
    private let source: TokenKeySource
    private let cache = VerifiedTokens()
    private let authenticator: TokenAuthenticator

    init() {
        provider = Provider(keySet(old.jwk(("kid", "old"))))
        source = TokenKeySource(remote: provider.keySet, logger: Logger(label: "test"), clock: clock.clock)
        authenticator = TokenAuthenticator(keys: source, cache: cache, issuer: "a", audience: "b")
    }

    private let claims = #"{"exp":2000,"iss":"a","aud":"b","scope":"write"}"#

    /// The first token of a new key, the first request of all: the keys are fetched for it.
    @Test func fetchesForAnUnknownKey() async throws {
        let token = try old.token(claims, .edDSA, id: "old")
        #expect(authenticator.knownClaims(of: token.utf8, at: 1_000) == nil)
        #expect(try await authenticator.verify(Array(token.utf8), at: 1_000).scopes == .write)
        #expect(provider.fetches == 1)
        #expect(authenticator.knownClaims(of: token.utf8, at: 1_000)?.scopes == .write)
        #expect(try await authenticator.verify(Array(token.utf8), at: 1_000).scopes == .write)
        #expect(provider.fetches == 1)
    }

    /// Nothing else than an unknown key makes it fetch, and an unknown key does so once.
    @Test func fetchesForNothingElse() async throws {
        let good = try old.token(claims, .edDSA, id: "old")
        _ = try await authenticator.verify(Array(good.utf8), at: 1_000)
        let hmac = try SigningKey.hmac(Array(longSecret.utf8)).token(claims, .hs256, id: "x")
        for (token, error) in [
            (try new.token(claims, .edDSA, id: "new"), TokenError.unknownKey("new")), (hmac, .unknownKey("x")),
            (try new.token(claims, .edDSA, id: "old"), .badSignature), ("x", .malformed(.parts)),
            (try old.token(claims, .edDSA), .expired), (try old.token("{}", .edDSA), .badClaim("exp")),
            (try old.token(#"{"exp":9999}"#, .edDSA), .wrongIssuer),
            (try old.token(#"{"exp":9999,"iss":"a"}"#, .edDSA), .wrongAudience),
        ] {
            let now: Int64 = error == .expired ? 3_000 : 1_000
            await #expect(throws: error) { try await authenticator.verify(Array(token.utf8), at: now) }
            #expect(authenticator.knownClaims(of: token.utf8, at: now) == nil)
        }
        #expect(provider.fetches == 1 && cache.count == 1)
    }

    /// An issuer that names no key in its tokens changes its key: the first token of the new one fits no known key.
    @Test func fetchesForATokenThatNamesNoKey() async throws {
        let token = try old.token(claims, .edDSA)
        _ = try await authenticator.verify(Array(token.utf8), at: 1_000)
        provider.answer(keySet(new.jwk(("kid", "new"))))
        let other = try new.token(claims, .edDSA)
        // Anybody can send such a token, so it makes the server fetch once a minute at most.
        await #expect(throws: TokenError.badSignature) { try await authenticator.verify(Array(other.utf8), at: 1_000) }
        #expect(provider.fetches == 1)
        clock.advance(by: .seconds(60))
        #expect(try await authenticator.verify(Array(other.utf8), at: 1_000).scopes == .write)
        #expect(provider.fetches == 2)
        // A forged one costs no more fetches than one of an unknown key.
        let forged = try SigningKey.ed25519().token(claims, .edDSA)
        for _ in 0..<3 {
            await #expect(throws: TokenError.badSignature) {
                try await authenticator.verify(Array(forged.utf8), at: 1_000)
            }
        }
        #expect(provider.fetches == 2)
    }

    /// A key that is gone is gone from the cache too.
    @Test func revocation() async throws {
        let token = try old.token(claims, .edDSA, id: "old")
        _ = try await authenticator.verify(Array(token.utf8), at: 1_000)
        provider.answer(keySet(new.jwk(("kid", "new"))))
        clock.advance(by: .seconds(60))
        let other = try new.token(claims, .edDSA, id: "new")
        _ = try await authenticator.verify(Array(other.utf8), at: 1_000)
        #expect(authenticator.knownClaims(of: token.utf8, at: 1_000) == nil)
        await #expect(throws: TokenError.unknownKey("old")) {
            try await authenticator.verify(Array(token.utf8), at: 1_000)
        }
        source.replace(fileKeys: TokenKeys())
        #expect(authenticator.knownClaims(of: other.utf8, at: 1_000) == nil)
    }
}
