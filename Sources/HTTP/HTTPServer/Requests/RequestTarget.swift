/// Brings the request target (RFC 9112 section 3.2) to origin form without decoding or changing any byte: keys are
/// bytes.
enum RequestTarget {
    /// - Parameters:
    ///   - raw: The target from the parser.
    ///   - isOptions: Whether the method is OPTIONS, the only one that allows `*`.
    ///   - limit: The longest target, in bytes.
    /// - Returns: Path and query, and the authority if the target was a whole URL.
    static func read(
        _ raw: String,
        isOptions: Bool,
        limit: Int
    ) throws(ListenerError) -> (path: String, authority: String?) {
        let bytes = raw.utf8
        guard bytes.count <= limit else { throw .targetTooLong(limit: limit) }
        // No URL has these bytes. `#` begins a fragment, which clients do not send. The parser replaces bytes that are
        // not UTF-8 by U+FFFD, which would make two different keys equal. A client that means U+FFFD encodes it.
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }),
            !raw.unicodeScalars.contains("\u{FFFD}")
        else {
            throw .malformedRequest(reason: "The request target holds bytes that must be percent-encoded.")
        }
        if bytes.first == UInt8(ascii: "/") { return (raw, nil) }
        if raw == "*", isOptions { return (raw, nil) }
        return try Self.readAbsolute(raw)
    }

    /// A whole URL. Clients send it to proxies, and every server has to accept it.
    private static func readAbsolute(_ raw: String) throws(ListenerError) -> (path: String, authority: String?) {
        let bytes = raw.utf8
        for scheme in ["http://", "https://"] where bytes.count > scheme.utf8.count {
            let start = bytes.index(bytes.startIndex, offsetBy: scheme.utf8.count)
            guard bytes[..<start].elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 | 0x20 }) else { continue }
            let rest = bytes[start...]
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.endIndex
            let authority = String(raw[start..<end])
            guard !authority.isEmpty, Self.isAuthority(authority) else { break }
            let path = String(raw[end...])
            return (path.utf8.first == UInt8(ascii: "/") ? path : "/" + path, authority)
        }
        throw .malformedRequest(reason: "The request target is neither a path nor an http URL.")
    }

    /// Whether this can be a host with a port: no character in it ends the authority or begins a user name.
    static func isAuthority(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F
                && !("/?#@\\\"<>^`{|}," as StaticString).withUTF8Buffer { $0.contains(byte) }
        }
    }
}
