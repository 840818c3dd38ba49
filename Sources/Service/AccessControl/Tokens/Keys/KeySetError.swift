/// Why a JWK set is refused.
public enum KeySetError: Error, Sendable, Hashable {
    /// More than so many bytes.
    case tooLong(limit: Int)
    /// It is not a JSON object with a list `keys`, or is nested too deeply.
    case malformed
    /// More than so many keys.
    case tooManyKeys(limit: Int)
    /// No key is left, for these reasons, one for each key.
    case noUsableKey([UnusableKey])
}

extension KeySetError: CustomStringConvertible {
    /// A short text for the log.
    public var description: String {
        switch self {
        case .tooLong(let limit): "more than \(limit) bytes"
        case .malformed: "not a JWK set"
        case .tooManyKeys(let limit): "more than \(limit) keys"
        case .noUsableKey([]): "no key in it"
        case .noUsableKey(let reasons):
            "no usable key in it: " + Set(reasons.map(\.rawValue)).sorted().joined(separator: "; ")
        }
    }
}

/// Why one key of a JWK set is passed over.
public enum UnusableKey: String, Error, Sendable, Hashable, CaseIterable {
    /// It is not a JSON object, has a name twice, or has a member of the wrong type.
    case malformed = "not a valid JWK"
    /// A secret (`oct`) in a set that is meant to be public. Secrets have a setting of their own.
    case symmetric = "a secret (oct)"
    /// Whoever can read the set could sign with it.
    case privateKey = "a private key"
    /// `use` is not `sig`, or `key_ops` has no `verify`.
    case notForSignatures = "not for verifying signatures"
    /// `kty` or `crv` is unknown, or is for something else than signatures.
    case unknownType = "of an unknown type or curve"
    /// `alg` is unknown, or does not belong to the type or the curve.
    case unsupportedAlgorithm = "of another algorithm"
    /// RSA under 2,048 bits or over 8,192, an exponent that FIPS 186-5 does not allow, or a key of a broken generator.
    case weak = "a weak RSA key"
    /// The numbers are no key of this type.
    case invalid = "not a key of its type"
    /// Another key has the same identifier and an algorithm of this key.
    case ambiguousID = "of an identifier that two keys have"
}
