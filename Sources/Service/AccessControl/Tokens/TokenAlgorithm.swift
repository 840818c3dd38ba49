/// The algorithms that a token may be signed with. There is no `none`.
public enum TokenAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with SHA-256; a secret of 32 bytes or more.
    case hs256 = "HS256"
    /// HMAC with SHA-384; a secret of 48 bytes or more.
    case hs384 = "HS384"
    /// HMAC with SHA-512; a secret of 64 bytes or more.
    case hs512 = "HS512"
    /// RSA, PKCS #1 version 1.5, SHA-256.
    case rs256 = "RS256"
    /// RSA, PKCS #1 version 1.5, SHA-384.
    case rs384 = "RS384"
    /// RSA, PKCS #1 version 1.5, SHA-512.
    case rs512 = "RS512"
    /// RSA, PSS, SHA-256.
    case ps256 = "PS256"
    /// RSA, PSS, SHA-384.
    case ps384 = "PS384"
    /// RSA, PSS, SHA-512.
    case ps512 = "PS512"
    /// ECDSA over P-256, SHA-256.
    case es256 = "ES256"
    /// ECDSA over P-384, SHA-384.
    case es384 = "ES384"
    /// ECDSA over P-521, SHA-512.
    case es512 = "ES512"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// The only length of a signature, in bytes; nil: the length of the key's modulus, which the RSA code checks.
    var signatureLength: Int? {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512, .es256, .edDSA: 64
        case .es384: 96
        case .es512: 132
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: nil
        }
    }

    /// The shortest secret, in bytes: as long as the hash (RFC 7518, section 3.2); nil: it takes no secret.
    var minimumSecretLength: Int? {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        default: nil
        }
    }
}
