import Testing
import TextCoding

@testable import AccessControl

/// JWK sets with keys of every kind.
@Suite struct JSONWebKeySetTests {
    private func passedOver(_ odd: String) async throws -> UnusableKey? {
        let good = SigningKey.p256()
        // First, in the middle and last: the good keys are there in any case.
        let keys = try await TokenKeys(jwks: keySet(good.jwk(("kid", "good")), odd, good.jwk(("kid", "too"))))
        #expect(refusal(try good.token(.es256, id: "good"), keys) == nil)
        #expect(refusal(try good.token(.es256, id: "too"), keys) == nil)
        #expect(keys.passedOver.count <= 1 && keys.count + keys.passedOver.count == 3)
        return keys.passedOver.first
    }

    @Test func oddKeys() async throws {
        let (ec, ed) = (SigningKey.p256(), SigningKey.ed25519())
        let rsa = try SigningKey.rsa()
        let (n, x) = (rsa.member("n"), ec.member("x"))
        let cases: [(String, UnusableKey)] = [
            (#"{"kty":"oct","k":"AAAA","alg":"HS256","kid":"x"}"#, .symmetric),
            (#"{"kty":"oct"}"#, .symmetric),
            (#"{"kty":"OKP","crv":"X25519","x":"\#(ed.member("x"))"}"#, .unknownType),
            (#"{"kty":"OKP","crv":"Ed448","x":"\#(ed.member("x"))"}"#, .unknownType),
            (#"{"kty":"OKP","x":"\#(ed.member("x"))"}"#, .unknownType),
            (#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AAAA"}"#, .unknownType),
            (#"{"kty":"ec","crv":"P-256"}"#, .unknownType), (#"{"kty":""}"#, .unknownType),
            (#"{"kty":"EC","crv":"secp256k1","x":"\#(x)","y":"\#(x)"}"#, .unknownType),
            (#"{"kty":"EC","x":"\#(x)","y":"\#(x)"}"#, .unknownType),
            (rsa.jwk(("use", "enc")), .notForSignatures), (rsa.jwk(("use", "")), .notForSignatures),
            (rsa.jwk(("use", "SIG")), .notForSignatures),
            (rsa.jwk(("alg", "RSA-OAEP")), .unsupportedAlgorithm), (rsa.jwk(("alg", "ES256")), .unsupportedAlgorithm),
            (rsa.jwk(("alg", "HS256")), .unsupportedAlgorithm), (rsa.jwk(("alg", "none")), .unsupportedAlgorithm),
            (ec.jwk(("alg", "ES384")), .unsupportedAlgorithm), (ed.jwk(("alg", "ES256")), .unsupportedAlgorithm),
            (ec.jwk(("d", x)), .privateKey), (rsa.jwk(("d", n)), .privateKey), (rsa.jwk(("p", "AQ")), .privateKey),
            (#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(x)"}"#, .invalid),
            (#"{"kty":"EC","crv":"P-384","x":"\#(x)","y":"\#(ec.member("y"))"}"#, .invalid),
            (#"{"kty":"EC","crv":"P-256","x":"\#(x)","y":"AQ"}"#, .invalid),
            (#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, .invalid),
            (#"{"kty":"EC","crv":"P-256","x":"\#(x)=","y":"\#(x)"}"#, .malformed),
            (#"{"kty":"EC","crv":"P-256","x":"\#(x)"}"#, .malformed), (#"{"kty":"EC","crv":5}"#, .malformed),
            (#"{"kty":"RSA"}"#, .malformed), (#"{"kty":"RSA","n":"\#(n)"}"#, .malformed),
            (#"{"kty":"RSA","n":"\#(n)","e":""}"#, .malformed), (#"{"kty":"RSA","n":5,"e":"AQAB"}"#, .malformed),
            (rsa.jwk(("kid", #"a\n"#)), .malformed), (rsa.jwk(("kty", "RSA")), .malformed),
            (rsa.jwk(("kid", String(repeating: "k", count: 256))), .malformed),
            ("{}", .malformed), ("null", .malformed), ("[]", .malformed), ("\"RSA\"", .malformed), ("5", .malformed),
            (#"{"kty":5}"#, .malformed), (#"{"kty":["RSA"]}"#, .malformed),
        ]
        for (key, reason) in cases { #expect(try await passedOver(key) == reason, "\(key)") }
    }

    @Test func operations() async throws {
        let members = SigningKey.ed25519().jwk().dropLast()
        for (operations, reason) in [
            (#"["verify"]"#, nil), (#"["sign","verify"]"#, nil), (#"["encrypt"]"#, .notForSignatures),
            (#"["sign"]"#, .notForSignatures), ("[]", .notForSignatures), (#"[5,"Verify"]"#, .notForSignatures),
            (#""verify""#, .malformed), ("null", .malformed),
        ] as [(String, UnusableKey?)] {
            #expect(try await passedOver(members + ",\"key_ops\":\(operations)}") == reason, "\(operations)")
        }
        #expect(try await passedOver(members + #","use":"sig","key_ops":["encrypt"]}"#) == .notForSignatures)
        #expect(try await passedOver(members + #","use":null}"#) == .malformed)
        #expect(try await passedOver(members + #","alg":null}"#) == .malformed)
    }

    /// What real sets have besides.
    @Test func otherMembers() async throws {
        let members = SigningKey.p384().jwk().dropLast()
        let more = #","use":"sig","x5c":["MIIB"],"x5t":"AA","x5t#S256":"AA","x5u":"https://a","issuer":"b","exp":5}"#
        #expect(try await passedOver(members + more) == nil)
    }

    @Test func weakRSAKeys() async throws {
        let modulus = try #require(Base64URL.decode(try SigningKey.rsa().member("n")))
        func reason(_ modulus: [UInt8], _ exponent: [UInt8]) async throws -> UnusableKey? {
            try await passedOver(
                #"{"kty":"RSA","n":"\#(Base64URL.encode(modulus))","e":"\#(Base64URL.encode(exponent))"}"#)
        }
        for exponent: [UInt8] in [[0], [1], [2], [3], [17], [1, 0, 0], [0xff, 0xff], [1, 0, 2], [2, 0, 0, 0, 1]] {
            #expect(try await reason(modulus, exponent) == .weak, "\(exponent)")
        }
        for exponent: [UInt8] in [[1, 0, 1], [0, 1, 0, 1], [1, 0, 3], [1, 0xff, 0xff, 0xff, 0xff]] {
            #expect(try await reason(modulus, exponent) == nil, "\(exponent)")
        }
        #expect(try await reason([UInt8](repeating: 1, count: 12), modulus) == .weak)
        // 2,047 bits, an even one, and zeros in front, which add nothing.
        let short = [modulus[0] & 0x7f | 0x40] + modulus.dropFirst()
        #expect(try await reason(short, [1, 0, 1]) == .weak)
        #expect(try await reason([0, 0] + short, [1, 0, 1]) == .weak)
        #expect(try await reason(modulus.dropLast() + [modulus[255] & 0xfe], [1, 0, 1]) == .weak)
        #expect(try await reason([0, 0] + modulus, [1, 0, 1]) == nil)
        // 8,192 bits, and one more.
        let long = [0xff] + [UInt8](repeating: 0xa5, count: 1_022) + [1]
        #expect(try await reason(long, [1, 0, 1]) == nil)
        #expect(try await reason([1] + long, [1, 0, 1]) == .weak)
    }

    /// Two keys of one identifier: nobody can say which one is meant.
    @Test func sameIdentifier() async throws {
        let (one, two, ed) = (SigningKey.p256(), SigningKey.p256(), SigningKey.ed25519())
        let keys = try await TokenKeys(
            jwks: keySet(one.jwk(("kid", "k")), two.jwk(("kid", "k")), ed.jwk(("kid", "k")), two.jwk(("kid", "m"))))
        #expect(keys.passedOver == [.ambiguousID, .ambiguousID])
        for key in [one, two] { #expect(refusal(try key.token(.es256, id: "k"), keys) == .unsupportedAlgorithm) }
        // The algorithm tells this one from the others.
        #expect(refusal(try ed.token(.edDSA, id: "k"), keys) == nil)
        #expect(refusal(try two.token(.es256, id: "m"), keys) == nil)
    }

    /// The same key twice is one; once for each algorithm is no ambiguity.
    @Test func sameKeyTwice() async throws {
        let (ec, rsa) = (SigningKey.p256(), try SigningKey.rsa())
        let keys = try await TokenKeys(
            jwks: keySet(
                ec.jwk(("kid", "k")), ec.jwk(("kid", "k")), rsa.jwk(("kid", "r"), ("alg", "RS256")),
                rsa.jwk(("kid", "r"), ("alg", "PS256"))))
        #expect(keys.count == 3 && keys.passedOver.isEmpty)
        for algorithm in [TokenAlgorithm.rs256, .ps256] {
            #expect(refusal(try rsa.token(algorithm, id: "r"), keys) == nil)
        }
        #expect(refusal(try rsa.token(.rs512, id: "r"), keys) == .unsupportedAlgorithm)
        #expect(refusal(try ec.token(.es256, id: "k"), keys) == nil)
    }

    @Test func setsThatAreNone() async throws {
        let key = SigningKey.ed25519().jwk()
        for text in [
            "", "{}", "[]", "null", "[\(key)]", key, #"{"keys":{}}"#, #"{"keys":null}"#, "{\"keys\":[\(key)]",
            "{\"keys\":[\(key)],\"keys\":[]}", "{\"Keys\":[\(key)]}", "{\"keys\":[\(key),]}",
            "{\"keys\":[\(key)],\"x\":\(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))}",
        ] {
            #expect(await refusal(ofSet: Array(text.utf8)) == .malformed, "\(text)")
        }
        #expect(await refusal(ofSet: keySet()) == .noUsableKey([]))
        #expect(await refusal(ofSet: keySet("{}", #"{"kty":"oct"}"#)) == .noUsableKey([.malformed, .symmetric]))
        #expect(await refusal(ofSet: Array("{\"more\":1,\"keys\":[\(key)]}".utf8)) == nil)
    }

    @Test(arguments: [99, 100, 101]) func numberOfKeys(_ count: Int) async throws {
        let keys = (0..<count).map { #"{"kty":"OKP","crv":"X25519","kid":"\#($0)"}"# }
        let error = await refusal(
            ofSet: keySet((keys.dropLast() + [SigningKey.ed25519().jwk()]).joined(separator: ",")))
        #expect(error == (count > 100 ? .tooManyKeys(limit: 100) : nil))
    }

    @Test(arguments: [-1, 0, 1]) func length(_ more: Int) async throws {
        let set = keySet(SigningKey.ed25519().jwk())
        let blanks = [UInt8](repeating: 0x20, count: KeySetReader.maximumLength + more - set.count)
        #expect(await refusal(ofSet: set + blanks) == (more > 0 ? .tooLong(limit: 256 << 10) : nil))
    }
}
