/// An http or https URL that is the base of others: only scheme, host, port and path.
///
/// No user and password (they would appear in logs), no query and no fragment (something is appended to the path). The
/// path ends without a slash.
public struct WebURL: Sendable, Hashable {
    /// The schemes that are allowed.
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        case http, https
    }

    /// As it was given, in lower case.
    public let scheme: Scheme
    /// An IPv6 literal without brackets.
    public let host: String
    /// Nil: the scheme's default.
    public let port: Int?
    /// Empty, or with a slash at the beginning and none at the end; percent-encoded as it was given.
    public let path: String

    /// - Returns: nil if the text is not such a URL.
    public init?(_ text: String) {
        let visible = text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        guard visible, !text.utf8.contains(where: { Self.forbidden.contains($0) }) else { return nil }
        guard
            let scheme = Scheme.allCases.first(where: { text.lowercased().hasPrefix("\($0.rawValue)://") })
        else { return nil }
        let rest = text.dropFirst(scheme.rawValue.count + 3)
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.split(authority: authority) else { return nil }

        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path = path.dropLast() }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = String(path)
    }

    /// The URL without a slash at its end.
    public var text: String {
        "\(scheme.rawValue)://\(ListenHost.authority(of: host))\(port.map { ":\($0)" } ?? "")\(path)"
    }

    private static let forbidden = Set("?#@\\\"<>^`{|}".utf8)

    private static func split(authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        // The colon before the port is the last one, and comes after the bracket of an IPv6 literal.
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            guard let number = WholeNumber.parse(digits), (1...65_535).contains(number) else { return nil }
            port = number
            host = authority[..<colon]
        }
        guard let parsed = ListenHost(String(host)), host.contains(":") == host.hasPrefix("[") else { return nil }
        return (parsed.text, port)
    }
}

extension WebURL: CustomStringConvertible {
    /// As ``text``.
    public var description: String { text }
}
