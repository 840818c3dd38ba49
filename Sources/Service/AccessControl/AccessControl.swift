import NIOConcurrencyHelpers
import Synchronization

/// The credentials that the server accepts now, and the policies by prefix. A reload replaces a part of them while
/// requests are judged.
public final class AccessControl: Sendable {
    private struct Keys {
        var api: APIKeys
        var signing: SigningKeys
        var policies: Policies
        /// Grows with each reload.
        var generation: UInt64 = 0
    }

    /// Whether anybody can present a credential. If not, only the rules for writes without credentials decide about
    /// writes, even if URLs can be signed.
    public let hasCredentials: Bool
    /// How URLs are signed.
    public let signer: URLSigner
    private let keys: NIOLockedValueBox<Keys>
    private let tokens: TokenAccess?
    /// Counts the lists of policies that are not empty or have replaced another one. Outside the lock, because the
    /// event loops ask for it with every hit.
    private let policyCount: Synchronization.Atomic<UInt64>

    /// Access with these keys.
    ///
    /// - Parameters:
    ///   - tokens: nil: no token is accepted.
    ///   - hasCredentials: whether API keys or tokens are configured; a list that is reloaded may be empty.
    ///   - policies: the policies by prefix.
    public init(
        apiKeys: APIKeys = APIKeys(), signingKeys: SigningKeys = SigningKeys(), signer: URLSigner,
        tokens: TokenAccess? = nil, hasCredentials: Bool = true, policies: Policies = Policies()
    ) {
        self.hasCredentials = hasCredentials
        keys = NIOLockedValueBox(Keys(api: apiKeys, signing: signingKeys, policies: policies))
        policyCount = Synchronization.Atomic(policies.isEmpty ? 0 : 1)
        self.signer = signer
        self.tokens = tokens
    }

    // MARK: Reloads

    /// Replaces the API keys. A key that is gone is refused from now on.
    public func replace(apiKeys: APIKeys) {
        keys.withLockedValue {
            $0.api = apiKeys
            $0.generation += 1
        }
    }

    /// Replaces the keys that sign URLs. URLs of a key that is gone are refused from now on.
    public func replace(signingKeys: SigningKeys) {
        keys.withLockedValue {
            $0.signing = signingKeys
            $0.generation += 1
        }
    }

    /// Replaces the policies. They hold for every request that is judged from now on.
    public func replace(policies: Policies) {
        keys.withLockedValue {
            $0.policies = policies
            $0.generation += 1
            policyCount.wrappingAdd(1, ordering: .releasing)
        }
    }

    /// Changes with each reload of policies or of keys of any kind. What was judged before must be judged anew.
    public var generation: UInt64 {
        // Both only grow, so their sum changes with each of them.
        keys.withLockedValue { $0.generation } &+ (tokens?.generation ?? 0)
    }

    // MARK: Policies

    /// The policies in force.
    public var policies: Policies { keys.withLockedValue { $0.policies } }

    /// Changes with each reload of policies. 0: there are no policies, and there have never been any. Takes no lock.
    public var policyGeneration: UInt64 { policyCount.load(ordering: .acquiring) }

    /// The policies in force, and their ``policyGeneration``.
    public var policiesWithGeneration: (policies: Policies, generation: UInt64) {
        keys.withLockedValue { ($0.policies, policyCount.load(ordering: .relaxed)) }
    }

    /// The API keys in force.
    public var apiKeys: APIKeys { keys.withLockedValue { $0.api } }

    /// Whether tokens are accepted.
    public var acceptsTokens: Bool { tokens != nil }

    /// What a token of this subject permits that names no prefixes and has these scopes. For explanations only.
    public func identity(ofSubject subject: String, scopes: Scopes) -> Identity? {
        tokens?.identity(ofSubject: subject, scopes: scopes)
    }

    // MARK: Credentials

    /// Who presents this credential.
    ///
    /// - Parameter now: Unix seconds.
    /// - Throws: ``AccessError/badCredential(_:)``.
    public func identity(of credential: Credential, now: Int64) async throws(AccessError) -> Identity {
        if let identity = keyIdentity(of: credential) { return identity }
        guard case .bearer(let text) = credential, let tokens else {
            throw .badCredential("no API key has this secret")
        }
        // A signature takes too long for an event loop.
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(AccessError) in
            try await tokens.identity(of: Array(text.utf8), now: now)
        }
    }

    /// Who presents this credential, as far as it is known without a signature and without waiting; nil if
    /// ``identity(of:now:)`` has to be asked. For event loops.
    ///
    /// - Parameter now: Unix seconds.
    public func knownIdentity(of credential: Credential, now: Int64) -> Identity? {
        if let identity = keyIdentity(of: credential) { return identity }
        guard case .bearer(let text) = credential else { return nil }
        return tokens?.knownIdentity(of: Array(text.utf8), now: now)
    }

    private func keyIdentity(of credential: Credential) -> Identity? {
        switch credential {
        case .bearer(let secret), .key(let secret): keys.withLockedValue { $0.api }.key(secret: secret.utf8)?.identity
        }
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
        let (keys, policies) = keys.withLockedValue { ($0.signing, $0.policies) }
        return try URLSignature.verify(
            path: path, query: query, keys: keys, now: now, limits: signer,
            notBefore: policies.policy(for: path)?.rules.notBefore ?? 0)
    }

    /// Signs the URL of an image or a rendition; see ``URLSigner``. What the policy of the path has revoked does not
    /// concern the new URL.
    ///
    /// - Returns: nil if there is no key.
    public func sign(path: some Collection<UInt8>, query: String, for seconds: Int64, now: Int64) -> URLSigner.Signed? {
        let (keys, policies) = keys.withLockedValue { ($0.signing, $0.policies) }
        return signer.sign(
            path: path, query: query, for: seconds, now: now,
            notBefore: policies.policy(for: path)?.rules.notBefore ?? 0, keys: keys)
    }
}
