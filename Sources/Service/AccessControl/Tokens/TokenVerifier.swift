import JWTKit

/// Verifies tokens: the form, then the signature, then the claims. The key and the algorithm are ours; the token only
/// chooses among them.
///
/// It computes only, and waits for nothing. A signature costs some microseconds (HMAC) to some hundred (P-521), which
/// is too much for an event loop.
public struct TokenVerifier: Sendable {
    private let keys: TokenKeys
    private let issuer: String?
    private let audience: String?

    /// - Parameters:
    ///   - keys: one of them must have signed the token.
    ///   - issuer: what `iss` must be; nil: it is not judged.
    ///   - audience: what `aud` must be or contain; nil: it is not judged.
    public init(keys: TokenKeys, issuer: String?, audience: String?) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
    }

    /// Verifies a token.
    ///
    /// - Parameters:
    ///   - token: the compact form, without `Bearer`.
    ///   - now: Unix seconds.
    public func verify(_ token: [UInt8], at now: Int64) throws(TokenError) -> TokenClaims {
        let payload = try verifySignature(of: token)
        return try TokenClaims(payload: payload, issuer: issuer, audience: audience, at: now)
    }

    /// Verifies a token.
    ///
    /// - Parameters:
    ///   - token: the compact form, without `Bearer`.
    ///   - now: Unix seconds.
    public func verify(_ token: some StringProtocol, at now: Int64) throws(TokenError) -> TokenClaims {
        try verify(Array(token.utf8), at: now)
    }

    /// Judges all but the claims.
    ///
    /// - Returns: the payload, which the signature covers.
    func verifySignature(of token: [UInt8]) throws(TokenError) -> [UInt8] {
        let parts = try TokenParts(token)
        let header = try TokenHeader(parts.header)
        let signers = try keys.signers(for: header)
        if let length = header.algorithm.signatureLength, parts.signature.count != length { throw .badSignature }
        for signer in signers where Self.fits(parts, signer) { return parts.payload }
        throw .badSignature
    }

    /// Whether the token has a header that can be read, and the header names no key. Such a token may be of any key.
    static func namesNoKey(_ token: [UInt8]) -> Bool {
        guard let parts = try? TokenParts(token), let header = try? TokenHeader(parts.header) else { return false }
        return header.keyID == nil
    }

    /// Some of jwt-kit's signers throw where others say no, if a signature cannot be read at all.
    private static func fits(_ parts: TokenParts, _ signer: any JWTAlgorithm) -> Bool {
        (try? signer.verify(parts.signature, signs: parts.signed)) == true
    }
}
