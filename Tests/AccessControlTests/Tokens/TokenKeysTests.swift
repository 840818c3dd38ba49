import Testing

@testable import AccessControl

/// Which key and which algorithm a token is verified with.
@Suite struct TokenKeysTests {
    /// Every algorithm, with and without an identifier.
    @Test func everyAlgorithm() async throws {
        let rsa = try SigningKey.rsa()
        let (p256, p384, p521, ed) = (SigningKey.p256(), SigningKey.p384(), SigningKey.p521(), SigningKey.ed25519())
        let hmac = SigningKey.hmac(Array(longSecret.utf8))
        let set = keySet(
            rsa.jwk(("kid", "rsa")), p256.jwk(("kid", "p256")), p384.jwk(("kid", "p384")), p521.jwk(("kid", "p521")),
            ed.jwk(("kid", "ed"), ("use", "sig"), ("alg", "EdDSA")))
        let keys = try await TokenKeys(jwks: set).union(secretKeys(id: "hmac")).union(secretKeys())
        #expect(keys.count == 7 && keys.passedOver.isEmpty)
        let signers: [(SigningKey, String, [TokenAlgorithm])] = [
            (rsa, "rsa", [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]), (p256, "p256", [.es256]),
            (p384, "p384", [.es384]), (p521, "p521", [.es512]), (ed, "ed", [.edDSA]),
            (hmac, "hmac", [.hs256, .hs384, .hs512]),
        ]
        #expect(Set(signers.flatMap(\.2)) == Set(TokenAlgorithm.allCases))
        for (key, id, algorithms) in signers {
            for algorithm in TokenAlgorithm.allCases {
                let expected: TokenError? = algorithms.contains(algorithm) ? nil : .unsupportedAlgorithm
                #expect(refusal(try key.token(algorithm, id: id), keys) == expected, "\(id) \(algorithm)")
            }
            for algorithm in algorithms { #expect(refusal(try key.token(algorithm), keys) == nil) }
        }
    }

    /// A key with `alg` serves that one alone.
    @Test func fixedAlgorithm() async throws {
        let rsa = try SigningKey.rsa()
        let keys = try await TokenKeys(jwks: keySet(rsa.jwk(("alg", "PS256"), ("kid", "a"))))
        for algorithm in [TokenAlgorithm.rs256, .ps256, .ps384] {
            for id in [nil, "a"] {
                let expected: TokenError? = algorithm == .ps256 ? nil : .unsupportedAlgorithm
                #expect(refusal(try rsa.token(algorithm, id: id), keys) == expected)
            }
        }
    }

    /// The lengths of RFC 7518, at one below, at each, and above.
    @Test(arguments: [31, 32, 33, 47, 48, 49, 63, 64, 65]) func secretLength(_ length: Int) async throws {
        let bytes = [UInt8](repeating: 5, count: length)
        guard length >= 32 else {
            #expect(throws: TokenSecretError.tooShort) { try TokenSecret(bytes) }
            return
        }
        let keys = await TokenKeys(hmacSecrets: [try TokenSecret(bytes)])
        for (algorithm, minimum) in [(TokenAlgorithm.hs256, 32), (.hs384, 48), (.hs512, 64)] {
            let expected: TokenError? = length >= minimum ? nil : .unsupportedAlgorithm
            #expect(refusal(try SigningKey.hmac(bytes).token(algorithm), keys) == expected)
        }
    }

    @Test func secretIsItsBytes() async throws {
        let text = "gehe\u{ed}m gehe\u{ed}m gehe\u{ed}m gehe\u{ed}m gehe\u{ed}m"
        let keys = await TokenKeys(hmacSecrets: [try TokenSecret(text)])
        #expect(refusal(try SigningKey.hmac(Array(text.utf8)).token(.hs256), keys) == nil)
        #expect(throws: TokenSecretError.badIdentifier) { try TokenSecret(longSecret, id: "") }
        #expect(throws: TokenSecretError.badIdentifier) { try TokenSecret(longSecret, id: "a\n") }
        #expect(throws: TokenSecretError.badIdentifier) {
            try TokenSecret(longSecret, id: String(repeating: "k", count: 256))
        }
    }

    /// A secret without an identifier serves every HMAC token; a key with one serves its own and those without.
    @Test func identifiers() async throws {
        let key = SigningKey.hmac(Array(longSecret.utf8))
        let anonymous = try await secretKeys()
        #expect(refusal(try key.token(.hs256), anonymous) == nil)
        #expect(refusal(try key.token(.hs256, id: "a"), anonymous) == nil)
        let named = try await secretKeys(id: "a")
        #expect(refusal(try key.token(.hs256), named) == nil)
        #expect(refusal(try key.token(.hs256, id: "a"), named) == nil)
        #expect(refusal(try key.token(.hs256, id: "b"), named) == .unknownKey("b"))
        #expect(refusal(try key.token(.hs256, id: "b"), TokenKeys()) == .unknownKey("b"))
        #expect(refusal(try key.token(.hs256), TokenKeys()) == .unsupportedAlgorithm)
    }

    /// The identifier chooses the key, also among keys of one type.
    @Test func rotation() async throws {
        let (old, new) = (try SigningKey.rsa(), try SigningKey.otherRSA())
        let keys = try await TokenKeys(jwks: keySet(old.jwk(("kid", "old")), new.jwk(("kid", "new"))))
        #expect(refusal(try old.token(.rs256, id: "old"), keys) == nil)
        #expect(refusal(try new.token(.rs256, id: "new"), keys) == nil)
        #expect(refusal(try old.token(.rs256, id: "new"), keys) == .badSignature)
        #expect(refusal(try new.token(.rs256), keys) == nil)
    }

    /// Each try costs a signature, and a token without an identifier costs its sender nothing.
    @Test func fourTries() async throws {
        let signers = (0..<6).map { SigningKey.hmac([UInt8](repeating: UInt8($0), count: 32)) }
        let secrets = try (0..<6).map { try TokenSecret([UInt8](repeating: UInt8($0), count: 32)) }
        let keys = await TokenKeys(hmacSecrets: secrets)
        #expect(keys.count == 6)
        for (number, signer) in signers.enumerated() {
            #expect(refusal(try signer.token(.hs256), keys) == (number < 4 ? nil : .badSignature))
        }
        // Keys of another algorithm are no tries.
        let ed = SigningKey.ed25519()
        let both = keys.union(try await TokenKeys(jwks: keySet(ed.jwk())))
        #expect(refusal(try ed.token(.edDSA), both) == nil)
    }

    /// The keys that only such tokens can reach come first.
    @Test func keysWithoutIdentifierFirst() async throws {
        let named = try (0..<4).map { try TokenSecret([UInt8](repeating: UInt8($0), count: 32), id: "\($0)") }
        let keys = await TokenKeys(hmacSecrets: named).union(try await secretKeys())
        #expect(refusal(try SigningKey.hmac(Array(longSecret.utf8)).token(.hs256), keys) == nil)
    }

    @Test func unions() async throws {
        let (one, two) = (SigningKey.p256(), SigningKey.p256())
        let first = try await TokenKeys(jwks: keySet(one.jwk(("kid", "k")), #"{"kty":"oct"}"#))
        let second = try await TokenKeys(jwks: keySet(two.jwk(("kid", "k"))))
        let both = first.union(second)
        #expect(both.count == 2 && both.passedOver == [.symmetric])
        // Each of the two sets is trusted, whatever the other one holds.
        for key in [one, two] { #expect(refusal(try key.token(.es256, id: "k"), both) == nil) }
        #expect(both.union(first).count == 2 && first.union(TokenKeys()).count == 1)
        #expect(!TokenKeys().union(first).isEmpty && TokenKeys().isEmpty)
    }

    @Test func secretsAreNotPrinted() async throws {
        let secret = try TokenSecret(longSecret, id: "k")
        let keys = await TokenKeys(hmacSecrets: [secret])
        var dumped = ""
        dump(secret, to: &dumped)
        dump(keys, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\(keys)", String(reflecting: keys), dumped] {
            #expect(!text.contains("0123456789abcdef") && !text.contains("48, 49, 50") && !text.contains("- 49"))
        }
    }
}
