import NIOConcurrencyHelpers
public import NIOCore

/// The credentials that the server accepts now. A reload replaces a part of them while requests are judged.
public final class AccessControl: Sendable {
    private struct Keys {
        var api: APIKeys
        var signing: SigningKeys
    }

    /// How URLs are signed.
    public let signer: URLSigner
    private let keys: NIOLockedValueBox<Keys>
    private let verified = VerifiedCredentials()

    /// Access with these keys.
    public init(apiKeys: APIKeys = APIKeys(), signingKeys: SigningKeys = SigningKeys(), signer: URLSigner) {
        keys = NIOLockedValueBox(Keys(api: apiKeys, signing: signingKeys))
        self.signer = signer
    }

    // MARK: Reloads

    /// Replaces the API keys. A key that is gone is refused from now on.
    public func replace(apiKeys: APIKeys) {
        keys.withLockedValue { $0.api = apiKeys }
        verified.removeAll()
    }

    /// Replaces the keys that sign URLs. URLs of a key that is gone are refused from now on.
    public func replace(signingKeys: SigningKeys) {
        keys.withLockedValue { $0.signing = signingKeys }
    }

    // MARK: Credentials

    /// Who presents this credential.
    ///
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - field: the header field that it came in; the result is remembered under it.
    /// - Throws: ``AccessError/badCredential(_:)``.
    public func identity(
        of credential: Credential, now: Int64, field: ByteBuffer? = nil
    ) async throws(AccessError) -> Identity {
        let generation = verified.generation
        let secret =
            switch credential {
            case .bearer(let text), .key(let text): text
            }
        let keys = keys.withLockedValue { $0.api }
        guard let key = keys.key(secret: secret.utf8) else { throw .badCredential("no key has this secret") }
        let identity = key.identity
        if let field { verified.keep(identity, of: field, generation: generation) }
        return identity
    }

    /// Who presented the credential in this header field lately; nil if ``identity(of:now:field:)`` has to be asked.
    /// Does not wait.
    ///
    /// - Parameter now: Unix seconds.
    public func knownIdentity(_ field: ByteBuffer, now: Int64) -> Identity? {
        verified.identity(of: field, now: now)
    }

    // MARK: Signed URLs

    /// Whether signatures are judged at all. Without a key, `sig` is an unknown parameter like any other.
    public var judgesSignatures: Bool { keys.withLockedValue { !$0.signing.isEmpty } }

    /// Verifies the signature of a URL; see ``URLSignature``.
    ///
    /// - Parameters:
    ///   - path: the image's path, percent-decoded.
    ///   - query: as it came, without the question mark.
    ///   - now: Unix seconds.
    /// - Throws: ``AccessError/badSignature(_:)``.
    public func verify(
        path: some Collection<UInt8>, query: ArraySlice<UInt8>, now: Int64
    ) throws(AccessError) -> URLSignature.Verified {
        let keys = keys.withLockedValue { $0.signing }
        return try URLSignature.verify(path: path, query: query, keys: keys, now: now, longest: signer.longestSpan)
    }

    /// Signs the URL of an image or a rendition; see ``URLSigner``.
    ///
    /// - Returns: nil if there is no key.
    public func sign(path: some Collection<UInt8>, query: String, for seconds: Int64, now: Int64) -> URLSigner.Signed? {
        let keys = keys.withLockedValue { $0.signing }
        return signer.sign(path: path, query: query, for: seconds, now: now, keys: keys)
    }
}
