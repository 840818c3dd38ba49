import Crypto
import Testing
import TextCoding

@testable import AccessControl

/// The attacks that JWT libraries have fallen for, one test each.
@Suite struct TokenAttackTests {
    private let claims = #"{"exp":2000,"scope":"admin"}"#

    private func token(_ header: String, signature: String = "") -> String {
        Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8) + "." + signature
    }

    @Test func noAlgorithm() async throws {
        let rsa = try SigningKey.rsa()
        let keys = try await secretKeys().union(TokenKeys(jwks: keySet(rsa.jwk())))
        let names = ["none", "None", "NONE", "nOnE", "noNe", " none", "none ", "", "null", "no\u{0}ne"]
        for name in names + ["hs256", "Hs256", "HS256 ", "HS2560", "RS1", "ES256K", "HS1", "Ed448", "ML-DSA-65"] {
            let escaped = name == "no\u{0}ne" ? #"no\u0000ne"# : name
            for signature in ["", "AA", String(repeating: "A", count: 43)] {
                let token = token(#"{"alg":"\#(escaped)"}"#, signature: signature)
                #expect(refusal(token, keys) == .unsupportedAlgorithm, "\(name)")
            }
        }
        #expect(refusal(token("{}"), keys) == .malformed(.header))
    }

    /// The public key is public: as the secret of an HMAC it would let everybody sign.
    @Test func publicKeyAsSecret() async throws {
        let rsa = try SigningKey.rsa()
        let keys = try await TokenKeys(jwks: keySet(rsa.jwk(("kid", "r"))))
        let modulus = try #require(Base64URL.decode(rsa.member("n")))
        for secret in [modulus, Array(rsa.jwk(("kid", "r")).utf8), Array(rsa.member("n").utf8), []] {
            for algorithm in [TokenAlgorithm.hs256, .hs384, .hs512] {
                for id in ["r", nil] {
                    let forged = try SigningKey.hmac(secret).token(claims, algorithm, id: id)
                    #expect(refusal(forged, keys) == .unsupportedAlgorithm)
                }
            }
        }
    }

    /// An identifier is looked up in memory, and nowhere else.
    @Test func identifierAsPathOrQuery() async throws {
        let keys = try await secretKeys(id: "k1")
        let empty = SigningKey.hmac([])
        for id in [
            "../../../../dev/null", "/dev/null", "file:///dev/null", "' UNION SELECT 'x' -- ", "k1' OR '1'='1",
            "k1; ls",
            "$(id)", "k1/../k1", "K1", "k1 ", "", "http://attacker.example/keys", "%2e%2e%2f",
        ] {
            #expect(refusal(try empty.token(claims, .hs256, id: id), keys) == .unknownKey(id))
            let key = SigningKey.hmac(Array(longSecret.utf8))
            #expect(refusal(try key.token(claims, .hs256, id: id), keys) == .unknownKey(id))
        }
    }

    /// Two identifiers that look the same are two.
    @Test func identifierAsBytes() async throws {
        let keys = try await secretKeys(id: "caf\u{e9}")
        let key = SigningKey.hmac(Array(longSecret.utf8))
        #expect(refusal(try key.token(.hs256, id: "caf\u{e9}"), keys) == nil)
        guard case .unknownKey? = refusal(try key.token(.hs256, id: "cafe\u{301}"), keys) else {
            Issue.record("the other spelling was accepted")
            return
        }
    }

    @Test func headerThatBringsAKey() async throws {
        let own = SigningKey.p256()
        let attacker = SigningKey.p256()
        let keys = try await TokenKeys(jwks: keySet(own.jwk(("kid", "e"))))
        for member in [
            #""jwk":\#(attacker.jwk(("kid", "e")))"#, #""jku":"https://attacker.example/jwks.json""#,
            #""x5u":"https://attacker.example/cert.pem""#, #""x5c":["MIIB"]"#, #""x5c":[]"#, #""jwk":null"#,
            #""crit":["exp"],"exp":5"#, #""crit":[]"#, #""b64":false,"crit":["b64"]"#, #""b64":true"#, #""zip":"DEF""#,
            #""\u006awk":{}"#,
        ] {
            let header = #"{"alg":"ES256","kid":"e",\#(member)}"#
            for key in [own, attacker] {
                let token = try key.token(claims, .es256, header: header)
                #expect(refusal(token, keys) == .malformed(.forbiddenHeader), "\(member)")
            }
        }
    }

    /// In jwt-kit 5.7.1, a JWK without `alg` keeps the algorithm of the first token that it sees, forged or not: after
    /// it, every good token is refused.
    @Test func forgedTokenBeforeAGoodOne() async throws {
        let rsa = try SigningKey.rsa()
        let keys = try await TokenKeys(jwks: keySet(rsa.jwk(("kid", "r"))))
        let good = try rsa.token(claims, .rs256, id: "r")
        let forged = token(#"{"alg":"PS512","kid":"r"}"#, signature: String(repeating: "A", count: 342))
        #expect(refusal(forged, keys) == .badSignature)
        #expect(refusal(good, keys) == nil)
        #expect(refusal(forged, keys) == .badSignature)
        #expect(refusal(try rsa.token(claims, .ps512, id: "r"), keys) == nil)
        #expect(refusal(good, keys) == nil)
    }

    /// The algorithm of the header decides how the signature is read. A signature of another algorithm is wrong.
    @Test func signatureOfAnotherAlgorithm() async throws {
        let rsa = try SigningKey.rsa()
        let keys = try await TokenKeys(jwks: keySet(rsa.jwk()))
        let all: [TokenAlgorithm] = [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        for signing in all {
            for claimed in all {
                let token = try rsa.token(claims, signing, header: #"{"alg":"\#(claimed.rawValue)"}"#)
                #expect(refusal(token, keys) == (signing == claimed ? nil : .badSignature))
            }
        }
    }

    /// All that can be changed in a token without its key.
    @Test func everyChangedBit() async throws {
        let key = SigningKey.ed25519()
        let keys = try await TokenKeys(jwks: keySet(key.jwk()))
        let verifier = TokenVerifier(keys: keys, issuer: nil, audience: nil)
        let token = Array(try key.token(claims, .edDSA).utf8)
        #expect(try verifier.verify(token, at: 1_000).scopes == .admin)
        for place in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[place] ^= 1 << bit
                #expect((try? verifier.verify(changed, at: 1_000)) == nil, "\(place) \(bit)")
            }
        }
    }

    /// The raw form alone: DER would let one signature be written in several ways, and zeros pass for any key in
    /// libraries that forgot to look (CVE-2022-21449).
    @Test func ellipticSignatureForms() async throws {
        let key = SigningKey.p256()
        let keys = try await TokenKeys(jwks: keySet(key.jwk()))
        let good = try key.token(claims, .es256)
        let signed = good.prefix(upTo: try #require(good.lastIndex(of: ".")))
        let raw = try key.sign(Array(signed.utf8), .es256)
        let der = Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
        let zeros = [UInt8](repeating: 0, count: 64)
        for signature in [
            der, zeros, raw + [0], [0] + raw, Array(raw.dropLast()), Array(raw.prefix(32)), raw + raw, [],
        ] {
            #expect(refusal(signed + "." + Base64URL.encode(signature), keys) == .badSignature)
        }
        #expect(refusal(signed + "." + Base64URL.encode(raw), keys) == nil)
    }

    /// What comes into the log.
    @Test func errorsHoldNothingOfTheToken() async throws {
        let key = SigningKey.hmac(Array("another secret of more than 32 bytes".utf8))
        let token = try key.token(claims, .hs256)
        let parts = token.split(separator: ".")
        for wrong in [token, token + "=", parts[0] + "." + parts[1], token + "." + parts[2]] {
            let reason = try #require(refusal(String(wrong), try await secretKeys())).reason
            for part in parts { #expect(!reason.contains(part)) }
            #expect(reason.utf8.count < 80)
        }
    }
}
