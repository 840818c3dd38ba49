import Testing
import TextCoding

@testable import AccessControl

/// Tokens that others have signed, and tokens that we sign.
@Suite struct TestTokenTests {
    /// RFC 7515, appendix A.1.
    @Test func hmacOfTheRFC() async throws {
        let secret = try #require(
            Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let keys = await TokenKeys(hmacSecrets: [try TokenSecret(secret)])
        let verifier = TokenVerifier(keys: keys, issuer: "joe", audience: nil)
        #expect(try verifier.verify(token, at: 1_300_819_379).expires == 1_300_819_380)
        #expect(refusal(token, verifier, at: 1_300_819_380 + 30) == .expired)
    }

    /// RFC 8037, appendix A.4. Its payload is no JSON.
    @Test func ed25519OfTheRFC() async throws {
        let jwk = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        let token =
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
            + ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        let keys = try await TokenKeys(jwks: keySet(jwk))
        let verifier = TokenVerifier(keys: keys, issuer: nil, audience: nil)
        #expect(try verifier.verifySignature(of: Array(token.utf8)) == Array("Example of Ed25519 signing".utf8))
    }

    @Test func ownTokens() async throws {
        for id in [nil, "k1", #"a"b\c"#, "\"\u{301}", "\u{1F511}"] as [String?] {
            let secret = try TokenSecret(longSecret, id: id)
            let keys = await TokenKeys(hmacSecrets: [secret])
            for algorithm in [TokenAlgorithm.hs256, .hs384, .hs512] {
                let claims = Array(#"{"exp":2000,"scope":"read write","sub":"7"}"#.utf8)
                let token = try #require(TestToken.sign(claims: claims, algorithm: algorithm, secret: secret))
                let verifier = TokenVerifier(keys: keys, issuer: nil, audience: nil)
                #expect(try verifier.verify(token, at: 1_000).scopes == [.read, .write])
                // The identifier is in the header.
                let expected: TokenError? = id.map { .unknownKey($0) }
                #expect(refusal(token, try await secretKeys(id: "other")) == expected)
            }
        }
    }

    @Test func algorithmsThatCannotBe() throws {
        let short = try TokenSecret([UInt8](repeating: 1, count: 47))
        let claims = Array("{}".utf8)
        #expect(TestToken.sign(claims: claims, algorithm: .hs256, secret: short) != nil)
        for algorithm in TokenAlgorithm.allCases where algorithm != .hs256 {
            #expect(TestToken.sign(claims: claims, algorithm: algorithm, secret: short) == nil)
        }
    }
}
