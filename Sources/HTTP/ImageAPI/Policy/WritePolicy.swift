import HTTPServer
import HTTPTypes
import ImageRequests
import NIOCore
import TextCoding

/// Whether a request may write if no credential is configured. It may do so only from this machine and under a name of
/// this machine. It may not do so through a proxy or from a foreign page, because these act for anybody. The same rule
/// decides who may read what only writers may read.
///
/// No such rule can detect a proxy on this machine that rewrites Host and adds no header of its own.
struct WritePolicy: Sendable {
    /// Disables all of these rules.
    var areUnrestricted: Bool
    /// Pages of these origins may write, too.
    var allowedOrigins = AllowedOrigins()

    /// - Parameter authority: The Host field, or the host of a target that is a whole URL. In the latter case, the Host
    ///   field is among the headers.
    /// - Throws: ``Problem`` with `writes_not_allowed`, which names the rule and the remedy.
    func judge(_ headers: HTTPFields, authority: String?, isLoopback: Bool) throws(Problem) {
        guard !areUnrestricted else { return }
        guard isLoopback else { throw Self.rejection("from this machine only") }
        // A page on its own host name that resolves to loopback (DNS rebinding) can send requests without Origin.
        let hosts = [authority].compactMap { $0 } + headers[values: .hostBesideTarget]
        guard !hosts.isEmpty, hosts.allSatisfy({ LoopbackHost($0) != nil }) else {
            throw Self.rejection("only where Host names this machine: localhost, 127.0.0.1 or [::1]")
        }
        for name in [HTTPField.Name.forwarded, .xForwardedFor, .via] where headers[name] != nil {
            throw Self.rejection("not through a proxy: the request carries \(name.rawName)")
        }
        if headers[.origin] != nil, !isOwn(headers[values: .origin], hosts) {
            throw Self.rejection("from no page of another origin")
        }
    }

    private func isOwn(_ origins: [String], _ hosts: [String]) -> Bool {
        guard origins.count == 1, let origin = origins.first else { return false }
        if allowedOrigins.lists(origin) { return true }
        for (scheme, port) in [("http", 80), ("https", 443)] {
            let start = scheme + "://"
            guard origin.lowercased().hasPrefix(start),
                let named = LoopbackHost(String(origin.dropFirst(start.count)))
            else { continue }
            return hosts.allSatisfy { host in
                guard let host = LoopbackHost(host) else { return false }
                return host.name == named.name && (host.port ?? port) == (named.port ?? port)
            }
        }
        return false
    }

    private static func rejection(_ rule: String) -> Problem {
        Problem(
            .writesNotAllowed,
            "No credential is configured: writes, and what only writers may read, are taken \(rule). "
                + "UNSAFE_ALLOW_ANONYMOUS_WRITES=true lifts this for everybody who reaches the server.")
    }
}

/// A host, with or without a port, that names this machine in a plain spelling. Other spellings (`127.1`, `0x7f.1`,
/// `localhost.`) are not accepted, although some resolvers do: nobody needs them, and programs read them differently.
struct LoopbackHost: Hashable, Sendable {
    /// In lower case.
    let name: String
    let port: Int?

    init?(_ authority: String) {
        let text = Array(authority.utf8)
        // An IPv6 address contains colons.
        let nameEnd = text.first == UInt8(ascii: "[") ? text.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : nil
        let colon = nameEnd ?? text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
        let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
        guard name == "[::1]" || Self.isLocalName(name) || Self.isIPv4(name) else { return nil }
        self.name = name
        if colon == text.count {
            port = nil
        } else {
            let digits = text[(colon + 1)...]
            guard text[colon] == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(\.isASCIIDigit),
                let number = Int(String(decoding: digits, as: UTF8.self)), number <= 65_535
            else { return nil }
            port = number
        }
    }

    /// RFC 6761, section 6.3.
    private static func isLocalName(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, last.elementsEqual("localhost".utf8), name.utf8.count <= 253 else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy {
                    $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    /// Four numbers without leading zeros; the first is 127.
    private static func isIPv4(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part).map { String($0) == part } == true }
    }
}
