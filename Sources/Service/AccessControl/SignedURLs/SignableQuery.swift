import TextCoding

/// The query of a URL that is to be signed, before `exp`, `iat`, `kid` and `sig` are added. Whoever signs for others
/// checks it: a character that no URL may have would be changed on the way, and then the signature fits no more.
public enum SignableQuery {
    /// The longest query, in bytes.
    public static let maximumBytes = 1_024

    /// - Parameter query: encoded as in a URL, without the question mark.
    /// - Throws: ``SignableQueryError`` for the first rule that is broken.
    public static func check(_ query: some Collection<UInt8>) throws(SignableQueryError) {
        guard query.count <= maximumBytes, query.allSatisfy(isQueryByte) else { throw .malformed }
        for pair in query.split(separator: UInt8(ascii: "&")) {
            // Decoded as the server decodes names, so that no spelling of a name passes.
            let name = PercentEncoding.decode(pair.prefix { $0 != UInt8(ascii: "=") }, plusIsSpace: true) ?? []
            if let reserved = URLSignature.Parameter.all.first(where: { name.elementsEqual($0.utf8) }) {
                throw .reserved(reserved)
            }
        }
    }

    /// RFC 3986, section 3.4.
    private static func isQueryByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "-._~!$&'()*+,;=:@/?%".utf8.contains(byte)
    }
}

/// Why a query cannot be signed.
public enum SignableQueryError: Error, Sendable, Hashable {
    /// It is too long, or has a character that a URL writes encoded.
    case malformed
    /// It has a parameter of this name, which the signer adds.
    case reserved(String)
}

extension SignableQueryError: CustomStringConvertible {
    /// A sentence for the client. It holds nothing of the query.
    public var description: String {
        switch self {
        case .malformed:
            "The query must be percent-encoded as in a URL, and have at most \(SignableQuery.maximumBytes) bytes."
        case .reserved(let name): "The query must not have the parameter \(name), which the server adds."
        }
    }
}
