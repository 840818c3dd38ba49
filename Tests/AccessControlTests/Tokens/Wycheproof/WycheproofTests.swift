import Testing
import TextCoding

@testable import AccessControl

/// Signatures and key sets that others have collected, below the level of claims: their payloads are no claims.
@Suite(.enabled(if: Wycheproof.folder != nil, "CORPUS_DIR is not set"))
struct WycheproofTests {
    /// The key's `alg` is another one than the token's: a key with an `alg` serves that one alone. In 347 and 351 it is
    /// `ES521`, which does not exist.
    private static let otherAlgorithms: Set = [346, 347, 350, 351]
    /// The file calls them valid, but they have a `?` in a part, and a signature that does not cover it.
    private static let strayCharacters: Set = [372, 373]
    /// The file calls them invalid, but they are byte for byte the valid token 357:
    /// https://github.com/C2SP/wycheproof/issues/236.
    private static let copiesOfAValidToken: Set = [367, 370]

    private func isAccepted(_ jws: String, _ keys: TokenKeys) -> Bool {
        let verifier = TokenVerifier(keys: keys, issuer: nil, audience: nil)
        return (try? verifier.verifySignature(of: Array(jws.utf8))) != nil
    }

    /// As our settings have them: secrets apart from the set.
    private func keys(_ keys: [Wycheproof.Key]) async throws -> TokenKeys {
        let secrets = keys.filter { $0.kty == "oct" && [nil, "HS256", "HS384", "HS512"].contains($0.alg) }
            .compactMap { key in
                key.k.flatMap { Base64URL.decode($0) }.flatMap { try? TokenSecret($0, id: key.kid) }
            }
        let set = try? await TokenKeys(jwks: try Wycheproof.jwks(keys))
        return await TokenKeys(hmacSecrets: secrets).union(set ?? TokenKeys())
    }

    @Test func signatures() async throws {
        let file = try Wycheproof.read("json_web_signature_test.json")
        var seen = 0
        for group in file.testGroups {
            let keys = try await keys(group.keys)
            for test in group.tests {
                seen += 1
                let isValid =
                    Self.copiesOfAValidToken.contains(test.tcId)
                    || test.result == "valid" && !Self.otherAlgorithms.contains(test.tcId)
                        && !Self.strayCharacters.contains(test.tcId)
                #expect(isAccepted(test.jws, keys) == isValid, "\(test.tcId)")
            }
        }
        #expect(seen == 401 && file.numberOfTests == 401)
    }

    /// Says why the lists above are right, by the files.
    @Test func whatTheFileCallsOtherwise() async throws {
        let tests = try Wycheproof.read("json_web_signature_test.json").testGroups.flatMap(\.tests)
        let valid = try #require(tests.first { $0.tcId == 357 })
        #expect(valid.result == "valid")
        for id in Self.copiesOfAValidToken {
            let copy = try #require(tests.first { $0.tcId == id })
            #expect(copy.jws == valid.jws && copy.result == "invalid")
        }
        for id in Self.strayCharacters {
            let stray = try #require(tests.first { $0.tcId == id })
            #expect(stray.jws.filter { $0 != "?" } == valid.jws && stray.result == "valid")
        }
    }

    /// A JWK set with nothing but secrets is refused, so that the valid tokens of such sets are refused too.
    @Test func secretsInASet() async throws {
        var refused: [Int] = []
        for name in ["json_web_signature_test.json", "json_web_key_test.json"] {
            for group in try Wycheproof.read(name).testGroups where group.keys.allSatisfy({ $0.kty == "oct" }) {
                let reasons = group.keys.map { _ in UnusableKey.symmetric }
                #expect(await refusal(ofSet: try Wycheproof.jwks(group.keys)) == .noUsableKey(reasons))
                refused += group.tests.filter { $0.result == "valid" }.map(\.tcId)
            }
        }
        #expect(
            refused == [1, 348, 352, 357, 358, 359, 372, 373, 376, 377]  // Signatures.
                + [2, 13, 14, 15])  // Keys.
    }

    @Test func keySets() async throws {
        let file = try Wycheproof.read("json_web_key_test.json")
        var seen = 0
        for group in file.testGroups {
            let set = try? await TokenKeys(jwks: try Wycheproof.jwks(group.keys))
            let isSecret = group.keys.allSatisfy { $0.kty == "oct" }
            for test in group.tests {
                seen += 1
                #expect(
                    isAccepted(test.jws, set ?? TokenKeys()) == (test.result == "valid" && !isSecret), "\(test.tcId)")
            }
        }
        #expect(seen == 26 && file.numberOfTests == 26)
    }

    /// The secrets of those sets, as settings. Test 4 has two secrets of one identifier: both are tried, because the
    /// operator wrote both, for a rotation.
    @Test func secretsAsSettings() async throws {
        for group in try Wycheproof.read("json_web_key_test.json").testGroups
        where group.keys.allSatisfy({ $0.kty == "oct" }) {
            let keys = try await keys(group.keys)
            for test in group.tests {
                #expect(isAccepted(test.jws, keys) == (test.result == "valid" || test.tcId == 4), "\(test.tcId)")
            }
        }
    }
}
