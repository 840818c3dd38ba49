import JWTKit

/// A set of keys that tokens are verified with. A value: it never changes.
///
/// A set is made once and used for many tokens, because a signer is made for each key and algorithm.
public struct TokenKeys: Sendable {
    /// How many keys are tried for one token at most. Each try costs a signature.
    static let maximumTries = 4

    private var keys: [VerificationKey] = []
    private var places: [KeyID: [Int]] = [:]
    /// Why keys of a JWK set are not in this set, one reason for each.
    public private(set) var passedOver: [UnusableKey] = []

    /// No keys: every token is refused.
    public init() {}

    /// Keys for HMAC.
    public init(hmacSecrets: [TokenSecret]) async {
        for secret in hmacSecrets { append(await VerificationKey(secret)) }
    }

    /// The keys of a JWK set (RFC 7517) that are for verifying signatures. The others are passed over: an identity
    /// provider may publish keys of every kind, and one of them must not lock everybody out.
    ///
    /// - Parameter jwks: JSON, up to 256 KiB and 100 keys.
    /// - Throws: ``KeySetError``, also if no key is left.
    public init(jwks: [UInt8]) async throws(KeySetError) {
        var found: [VerificationKey] = []
        for element in try KeySetReader.keys(of: jwks) {
            do {
                let key = try JSONWebKey(element)
                found.append(
                    await VerificationKey(
                        id: key.id, key.material, fingerprint: key.fingerprint, for: key.algorithms))
            } catch {
                passedOver.append(error)
            }
        }
        for key in found {
            // Nobody can say which one of the two is meant, and neither is more likely to be the right one.
            if found.contains(where: key.isConfusable) {
                passedOver.append(.ambiguousID)
            } else {
                append(key)
            }
        }
        guard !isEmpty else { throw .noUsableKey(passedOver) }
    }

    /// The keys of both sets. Two keys with the same identifier, one from each set, are both tried.
    public func union(_ other: TokenKeys) -> TokenKeys {
        var both = self
        for key in other.keys { both.append(key) }
        both.passedOver += other.passedOver
        return both
    }

    /// How many keys there are.
    public var count: Int { keys.count }

    /// Whether every token is refused.
    public var isEmpty: Bool { keys.isEmpty }

    private mutating func append(_ key: VerificationKey) {
        guard !keys.contains(where: key.isSame) else { return }
        if let id = key.id { places[id, default: []].append(keys.count) }
        keys.append(key)
    }

    /// The signers that a token of this header may be verified with: at least one, and ``maximumTries`` at most.
    func signers(for header: TokenHeader) throws(TokenError) -> [any JWTAlgorithm] {
        let candidates: [VerificationKey]
        if let id = header.keyID {
            if let places = places[id] {
                candidates = places.map { keys[$0] }
            } else {
                // Many issuers name the secret, too, and a secret of the settings has no name.
                candidates = keys.filter { $0.id == nil && header.algorithm.minimumSecretLength != nil }
                guard !candidates.isEmpty else { throw .unknownKey(id.text) }
            }
        } else {
            // Those without an identifier first: nothing else can reach them.
            candidates = keys.filter { $0.id == nil } + keys.filter { $0.id != nil }
        }
        let signers = candidates.lazy.compactMap { $0.signer(for: header.algorithm) }.prefix(Self.maximumTries)
        guard !signers.isEmpty else { throw .unsupportedAlgorithm }
        return Array(signers)
    }
}

extension TokenKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never a key.
    public var description: String { "TokenKeys(\(count))" }
    /// Never a key.
    public var debugDescription: String { description }
    /// Never a key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
