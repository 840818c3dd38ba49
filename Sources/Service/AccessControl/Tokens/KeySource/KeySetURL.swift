import TextCoding

/// The place of a JWK set: an absolute `https` or `http` URL without a user, a password or a fragment.
public struct KeySetURL: Sendable, Hashable {
    /// The URL as it was given.
    public let text: String
    /// The host, without the port. It can be logged: a query may hold a secret, a host does not.
    public let host: String
    /// Whether it is `https`. If it is not, anybody on the network path can replace the keys.
    public let isEncrypted: Bool

    /// Nil if the text is no such URL.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix), bytes.count <= 2_048,
            // Visible ASCII alone, without the backslash that some programs read as a slash.
            bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") })
        else { return nil }
        let rest = bytes.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let host = Self.host(of: Array(authority)) else { return nil }
        self.text = text
        self.host = host
        isEncrypted = scheme == "https://"
    }

    private static func host(of authority: [UInt8]) -> String? {
        let isLiteral = authority.first == UInt8(ascii: "[")
        let literalEnd = isLiteral ? authority.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : nil
        let end = literalEnd ?? authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.count
        let (host, port) = (authority[..<end], authority[end...])
        guard !host.isEmpty, !isLiteral || literalEnd != nil else { return nil }
        if !port.isEmpty {
            let digits = port.dropFirst()
            guard port.first == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(\.isASCIIDigit),
                let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number)
            else { return nil }
        }
        let body = isLiteral ? host.dropFirst().dropLast() : host
        let isName = body.allSatisfy { byte in
            isLiteral
                ? Hexadecimal.value(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
                : byte.isASCIILetter || byte.isASCIIDigit || "-._".utf8.contains(byte)
        }
        return isName && !body.isEmpty ? String(decoding: host, as: UTF8.self) : nil
    }
}
