/// The address of an S3 server: scheme, host, port and the base path of its API.
public struct S3Endpoint: Sendable, Hashable {
    /// https, not http.
    public var isSecure: Bool
    /// A name or an address; an IPv6 literal with or without brackets.
    public var host: String
    /// Nil: the scheme's default.
    public var port: Int?
    /// Empty, or with a slash at the beginning and none at the end; percent-encoded.
    public var basePath: String

    /// An endpoint from its parts, which are not checked.
    public init(isSecure: Bool, host: String, port: Int? = nil, basePath: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.basePath = basePath
    }

    /// Reads `http://host:port/path`. Nil for any other scheme, and for a URL with a user, a query or a fragment.
    public init?(_ url: String) {
        let isSecure = url.lowercased().hasPrefix("https://")
        guard isSecure || url.lowercased().hasPrefix("http://") else { return nil }
        let isClean = url.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"@?#\\\"<>^`{|}".utf8.contains($0) }
        guard isClean else { return nil }
        let rest = url.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path = path.dropLast() }

        var host = authority
        var port: Int?
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                return nil
            }
            port = number
            host = authority[..<colon]
        }
        guard !host.isEmpty, host.hasPrefix("[") == host.hasSuffix("]"), host.hasPrefix("[") || !host.contains(":")
        else { return nil }
        self.init(isSecure: isSecure, host: host.lowercased(), port: port, basePath: String(path))
    }

    /// AWS in a region (AWS General Reference, "Amazon S3 endpoints"): the two Chinese regions have their own domain.
    public static func aws(region: String) -> S3Endpoint {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return S3Endpoint(isSecure: true, host: "s3.\(region).\(domain)")
    }

    /// As in the Host header and in a URL; the scheme's default port is omitted, as HTTP clients do.
    var authority: String {
        let host = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        guard let port, port != (isSecure ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }

    var scheme: String { isSecure ? "https" : "http" }
}
