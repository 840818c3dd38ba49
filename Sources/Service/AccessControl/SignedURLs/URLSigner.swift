import TextCoding

/// Signs URLs, and says how long they may last.
public struct URLSigner: Sendable {
    /// The longest lifetime, in seconds.
    public var longestSeconds: Int64
    /// Expiry is rounded up to it, in seconds, so that everybody gets the same URL within it, and caches hit.
    public var grainSeconds: Int64

    /// A signer with these limits; both are at least 1.
    public init(longestSeconds: Int64, grainSeconds: Int64) {
        self.longestSeconds = longestSeconds
        self.grainSeconds = grainSeconds
    }

    /// The longest time from `iat` to `exp`: both are rounded.
    var longestSpan: Int64 { longestSeconds + 2 * grainSeconds }

    /// A signed URL, as its query, and its end.
    public struct Signed: Sendable, Hashable {
        /// The query, without the question mark.
        public var query: String
        /// Unix seconds.
        public var expires: Int64
    }

    /// Signs the URL of an image or a rendition.
    ///
    /// - Parameters:
    ///   - path: the image's path, percent-decoded.
    ///   - query: the parameters of the rendition, encoded as they will be sent; may be empty.
    ///   - seconds: how long it lasts, 1 to ``longestSeconds``.
    ///   - now: Unix seconds.
    ///   - notBefore: URLs signed before it are revoked, Unix seconds.
    /// - Returns: nil if there is no key.
    public func sign(
        path: some Collection<UInt8>, query: String, for seconds: Int64, now: Int64, notBefore: Int64 = 0,
        keys: SigningKeys
    ) -> Signed? {
        guard let (id, key) = keys.first else { return nil }
        let expires = (now + seconds + grainSeconds - 1) / grainSeconds * grainSeconds
        // A new URL must be valid right after a revocation, also within one grain.
        let issued = max(now / grainSeconds * grainSeconds, notBefore)
        let parameters =
            "\(URLSignature.Parameter.expiry)=\(expires)&\(URLSignature.Parameter.issued)=\(issued)"
            + "&\(URLSignature.Parameter.key)=\(id)"
        let signed = query.isEmpty ? parameters : query + "&" + parameters
        let signature = URLSignature.signature(URLSignature.text(path: path, query: signed.utf8), key)
        return Signed(query: "\(signed)&\(URLSignature.Parameter.signature)=\(signature)", expires: expires)
    }
}
