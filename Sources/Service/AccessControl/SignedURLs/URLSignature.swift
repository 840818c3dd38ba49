import Crypto
import TextCoding

/// The signature of a URL for reading one image or rendition: HMAC-SHA256 over ``text(path:query:)``.
public enum URLSignature {
    /// The parameters that belong to the signature.
    public enum Parameter {
        /// When the URL ends, in Unix seconds.
        public static let expiry = "exp"
        /// When it was signed, in Unix seconds.
        public static let issued = "iat"
        /// The key.
        public static let key = "kid"
        /// The signature itself, base64url without padding.
        public static let signature = "sig"

        /// All of them.
        public static let all = [expiry, issued, key, signature]
    }

    private static let format = "tintype-url-1"

    /// What is signed: a format tag, the image's path, percent-decoded, and the query without `sig`, exactly as it is
    /// in the URL and in its order. A line feed separates them; a path cannot contain one.
    static func text(path: some Sequence<UInt8>, query: some Sequence<UInt8>) -> [UInt8] {
        Array(format.utf8) + [UInt8(ascii: "\n")] + path + [UInt8(ascii: "\n")] + query
    }

    static func signature(_ text: [UInt8], _ key: SymmetricKey) -> String {
        Base64URL.encode(HMAC<SHA256>.authenticationCode(for: text, using: key))
    }

    /// What a valid signature proves.
    public struct Verified: Sendable, Hashable {
        /// Unix seconds.
        public var expires: Int64
        /// Unix seconds.
        public var issued: Int64
    }

    /// Verifies the signature in a raw query.
    ///
    /// - Parameters:
    ///   - path: the image's path, percent-decoded.
    ///   - query: as it came, without the question mark.
    ///   - now: Unix seconds.
    ///   - limits: how long a URL may last.
    ///   - notBefore: URLs signed before it are revoked, Unix seconds.
    /// - Throws: ``AccessError/badSignature(_:)``.
    static func verify(
        path: some Collection<UInt8>, query: ArraySlice<UInt8>, keys: SigningKeys, now: Int64, limits: URLSigner,
        notBefore: Int64 = 0
    ) throws(AccessError) -> Verified {
        var signed: [UInt8] = []
        signed.reserveCapacity(query.count)
        var values: [String: ArraySlice<UInt8>] = [:]
        var isFirst = true
        for pair in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let nameEnd = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let raw = pair[..<nameEnd]
            // Compared as the rest of the server reads names, so that no spelling of a name hides another value.
            let decoded = PercentEncoding.decode(raw, plusIsSpace: true) ?? []
            if let name = Parameter.all.first(where: { decoded.elementsEqual($0.utf8) }) {
                guard raw.elementsEqual(name.utf8), values[name] == nil else {
                    throw .badSignature("The parameter \(name) of the signature is given twice, or encoded.")
                }
                values[name] = pair[nameEnd...].dropFirst()
                if name == Parameter.signature { continue }
            }
            if !isFirst { signed.append(UInt8(ascii: "&")) }
            isFirst = false
            signed += pair
        }
        guard let expires = number(values[Parameter.expiry]), let issued = number(values[Parameter.issued]),
            let id = values[Parameter.key], let signature = values[Parameter.signature]
        else { throw .badSignature("A signed URL needs exp, iat, kid and sig.") }
        guard let key = keys.key(id: id) else { throw .badSignature("The key of the signature is not known.") }
        guard let code = Base64URL.decode(String(decoding: signature, as: UTF8.self)),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: text(path: path, query: signed), using: key),
            // A last character with other unused bits would be a second spelling.
            Base64URL.encode(code).utf8.elementsEqual(signature)
        else { throw .badSignature("The signature does not fit the URL.") }
        guard now < expires else { throw .badSignature("The signed URL has expired.") }
        guard expires - issued <= limits.longestSpan else {
            throw .badSignature("The signed URL lasts longer than SIGNED_URL_MAX_SECONDS allows.")
        }
        guard issued >= notBefore else { throw .badSignature("The signed URL has been revoked.") }
        // The signer takes the time of a revocation, even if that is still to come.
        guard issued <= max(now + limits.grainSeconds, notBefore) else {
            throw .badSignature("The signed URL was signed in the future.")
        }
        return Verified(expires: expires, issued: issued)
    }

    /// At most 12 digits, so that no sum overflows.
    private static func number(_ text: ArraySlice<UInt8>?) -> Int64? {
        guard let text, (1...12).contains(text.count), text.allSatisfy(\.isASCIIDigit) else { return nil }
        return Int64(String(decoding: text, as: UTF8.self))
    }
}
