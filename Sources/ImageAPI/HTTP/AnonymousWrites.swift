import HTTPTypes
import NIOCore

/// Whether a request may write while no credential is configured: only from this machine, and never through a proxy or
/// a foreign page, behind which anybody may stand.
struct AnonymousWrites: Sendable {
    /// Lifts all of these rules.
    var areUnrestricted: Bool

    /// - Throws: ``Problem`` with `writes_not_allowed`.
    func judge(_ headers: HTTPFields, authority: String?, isLoopback: Bool) throws(Problem) {
        guard !areUnrestricted else { return }
        guard isLoopback else {
            throw Problem(.writesNotAllowed, "Without credentials, writes are taken from this machine only.")
        }
        for name in [HTTPField.Name.forwarded, .xForwardedFor, .via] where headers[name] != nil {
            throw Problem(.writesNotAllowed, "Without credentials, no write is taken that carries \(name.rawName).")
        }
        if let origin = headers[.origin], !Self.isOwn(origin, authority: authority) {
            throw Problem(.writesNotAllowed, "Without credentials, no write is taken from another origin.")
        }
    }

    private static func isOwn(_ origin: String, authority: String?) -> Bool {
        // A page under a name of its own that resolves to loopback (DNS rebinding) has that name in both headers.
        guard let authority, isLoopbackName(authority) else { return false }
        return origin.lowercased() == "http://\(authority.lowercased())"
    }

    private static func isLoopbackName(_ authority: String) -> Bool {
        var host = authority[...]
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = host[host.index(after: host.startIndex)..<end]
        } else if let colon = host.lastIndex(of: ":") {
            host = host[..<colon]
        }
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") || name == "::1" || isIPv4Loopback(name)
    }

    private static func isIPv4Loopback(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
