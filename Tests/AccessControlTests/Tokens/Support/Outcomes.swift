@testable import AccessControl

/// What became of a token: nil if it was accepted.
func refusal(_ token: String, _ keys: TokenKeys, at now: Int64 = 1_000) -> TokenError? {
    refusal(token, TokenVerifier(keys: keys, issuer: nil, audience: nil), at: now)
}

func refusal(_ token: String, _ verifier: TokenVerifier, at now: Int64 = 1_000) -> TokenError? {
    do {
        _ = try verifier.verify(token, at: now)
        return nil
    } catch {
        return error
    }
}

/// Why a set is refused: nil if it is not.
func refusal(ofSet jwks: [UInt8]) async -> KeySetError? {
    do {
        _ = try await TokenKeys(jwks: jwks)
        return nil
    } catch {
        return error
    }
}

/// Of 64 bytes, which every HMAC takes.
let longSecret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/// A set with that secret alone.
func secretKeys(id: String? = nil) async throws -> TokenKeys {
    await TokenKeys(hmacSecrets: [try TokenSecret(longSecret, id: id)])
}
