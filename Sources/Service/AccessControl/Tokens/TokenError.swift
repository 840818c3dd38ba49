/// Why a token is refused. It holds nothing of the token but the identifier of its key and the name of a claim, so that
/// it can be logged.
public enum TokenError: Error, Sendable, Hashable {
    /// The token is not a JWT that this server reads.
    case malformed(Malformation)
    /// The algorithm is `none`, is unknown, or is none of the key's. So is it if no key serves the algorithm.
    case unsupportedAlgorithm
    /// No key has this identifier. The identifier is the token's: up to 255 bytes, without control characters.
    case unknownKey(String)
    /// The signature fits none of the keys in question.
    case badSignature
    /// `exp` has passed.
    case expired
    /// `nbf` has not come yet.
    case notYetValid
    /// `iss` is missing, or is not the configured issuer.
    case wrongIssuer
    /// `aud` is missing, or does not name this server.
    case wrongAudience
    /// The claim of this name is missing, of the wrong type or out of range.
    case badClaim(String)

    /// What is wrong with the form of a token.
    public enum Malformation: String, Sendable, Hashable {
        /// More than 8 KiB.
        case tooLong = "it is too long"
        /// A JWT has three parts with a dot between them.
        case parts = "it has not three parts"
        /// A part is not base64url, or not as an encoder writes it.
        case encoding = "a part is not base64url"
        /// The header is not a JSON object, has a name twice, has a member of the wrong type, or is longer than 1 KiB.
        case header = "the header is not a valid one"
        /// The header brings a key of its own, names a place to get one, or requires an extension.
        case forbiddenHeader = "the header brings a key or requires an extension"
        /// `typ` is neither `JWT` nor `at+jwt`.
        case type = "the header's type is not that of a JWT"
        /// The claims are not a JSON object, or have a name twice.
        case claims = "the claims are not a valid JSON object"
    }

    /// A short text for the log.
    public var reason: String {
        switch self {
        case .malformed(let malformation): "malformed: " + malformation.rawValue
        case .unsupportedAlgorithm: "the algorithm is not allowed"
        case .unknownKey(let id): "the key is not known: \(id)"
        case .badSignature: "the signature is wrong"
        case .expired: "it has expired"
        case .notYetValid: "it is not valid yet"
        case .wrongIssuer: "the issuer is wrong"
        case .wrongAudience: "the audience is wrong"
        case .badClaim(let name): "the claim \(name) is missing or wrong"
        }
    }
}

extension TokenError: CustomStringConvertible {
    /// The same as ``reason``.
    public var description: String { reason }
}
