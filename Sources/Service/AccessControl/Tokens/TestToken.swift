import Crypto
import TextCoding

/// Makes tokens for tests and for trying a configuration out. The server itself issues none.
public enum TestToken {
    /// A token in the compact form.
    ///
    /// - Parameters:
    ///   - claims: a JSON object; it is signed as it is, right or wrong.
    ///   - algorithm: HS256, HS384 or HS512.
    ///   - secret: its identifier, if it has one, becomes the token's `kid`.
    /// - Returns: nil if the algorithm is not an HMAC, or the secret is too short for it.
    public static func sign(claims: [UInt8], algorithm: TokenAlgorithm, secret: TokenSecret) -> String? {
        guard let minimum = algorithm.minimumSecretLength, secret.bytes.count >= minimum else { return nil }
        let id = secret.keyID.map { ",\"kid\":\"\(escaped($0.text))\"" } ?? ""
        let header = "{\"alg\":\"\(algorithm.rawValue)\",\"typ\":\"JWT\"\(id)}"
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims)
        let key = SymmetricKey(data: secret.bytes)
        let signature: [UInt8] =
            switch algorithm {
            case .hs384: Array(HMAC<SHA384>.authenticationCode(for: Array(signed.utf8), using: key))
            case .hs512: Array(HMAC<SHA512>.authenticationCode(for: Array(signed.utf8), using: key))
            default: Array(HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key))
            }
        return signed + "." + Base64URL.encode(signature)
    }

    /// For a JSON string. An identifier holds no control character.
    private static func escaped(_ text: String) -> String {
        // By scalars: a quote with an accent on it is another Character.
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            if scalar == "\"" || scalar == "\\" { escaped.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
    }
}
