public import HTTPTypes
import NIOHTTP1
import TextCoding

/// Checks a request's head as received, and turns it into what handlers see. It rejects ambiguous heads, because a
/// proxy before this server may read them differently (RFC 9112 sections 3.2 and 6.3, 11.2).
struct RequestHeadReader {
    /// A valid head.
    struct Result {
        /// The request. Its path is the target in origin form, not decoded. Its authority is the Host field.
        var request: HTTPRequest
        /// Whether the client waits for 100 Continue.
        var expectsContinue = false
        /// Which body follows.
        var framing = BodyFraming.none
        /// Whether the client accepts another response on this connection.
        var isKeepAlive: Bool
    }

    /// The longest request target, in bytes.
    let maxTargetBytes: Int

    func read(_ head: HTTPRequestHead) throws(ListenerError) -> Result {
        let (target, targetAuthority) = try RequestTarget.read(
            head.uri,
            isOptions: head.method == .OPTIONS,
            limit: self.maxTargetBytes
        )
        let method = try Self.method(head.method)
        var framing = Framing()
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else {
                throw .malformedRequest(reason: "A header field has a name that is no token.")
            }
            // The parser leaves blanks at the end of a value, where they do not count (RFC 9112, section 5.1).
            try framing.note(name, String(value.trimmingBlanks()))
            // HTTPTypes stores the Host field as the authority.
            if name.canonicalName != "host" { fields.append(HTTPField(name: name, value: value)) }
        }
        guard framing.host != nil || !head.version.isHTTP11 else {
            throw .malformedRequest(reason: "An HTTP/1.1 request needs a Host field.")
        }
        guard !(framing.isChunked && (framing.hasLength || !head.version.isHTTP11)) else {
            throw .malformedRequest(reason: "Transfer-Encoding stands beside Content-Length, or in HTTP/1.0.")
        }

        // The target's host takes precedence over Host (RFC 9112 section 3.2.2). Code that checks for a proxy or a
        // foreign name has to see both.
        if let targetAuthority, let host = framing.host, host.lowercased() != targetAuthority.lowercased() {
            fields.append(HTTPField(name: .hostBesideTarget, value: host))
        }

        var result = Result(
            request: HTTPRequest(
                method: method,
                scheme: "http",
                authority: targetAuthority ?? framing.host,
                path: target,
                headerFields: fields
            ),
            framing: framing.isChunked ? .chunked : framing.length > 0 ? .length(framing.length) : .none,
            // The parser stops after a request for an upgrade or a tunnel. The server supports neither.
            isKeepAlive: head.isKeepAlive && !framing.asksForUpgrade && head.method != .CONNECT
        )
        if let expectation = framing.expectation, head.version.isHTTP11 {
            guard expectation.lowercased() == "100-continue" else { throw .unknownExpectation }
            result.expectsContinue = result.framing != .none
        }
        return result
    }

    private static func method(_ method: HTTPMethod) throws(ListenerError) -> HTTPRequest.Method {
        switch method {
        case .GET: return .get
        case .HEAD: return .head
        case .PUT: return .put
        case .POST: return .post
        case .DELETE: return .delete
        case .OPTIONS: return .options
        default:
            guard let method = HTTPRequest.Method(method.rawValue) else {
                throw .malformedRequest(reason: "The method is no token.")
            }
            return method
        }
    }

    /// The fields that decide where a request ends and which host it is for.
    private struct Framing {
        var host: String?
        var hasLength = false
        var length = 0
        var isChunked = false
        var expectation: String?
        var asksForUpgrade = false

        mutating func note(_ name: HTTPField.Name, _ value: String) throws(ListenerError) {
            switch name.canonicalName {
            case "host":
                guard self.host == nil else { throw .malformedRequest(reason: "There are two Host fields.") }
                guard RequestTarget.isAuthority(value) else {
                    throw .malformedRequest(reason: "The Host field is no host and port.")
                }
                self.host = value
            case "content-length":
                guard !self.hasLength else { throw .malformedRequest(reason: "There are two Content-Length fields.") }
                guard !value.isEmpty, value.utf8.allSatisfy(\.isASCIIDigit), let length = Int(value) else {
                    throw .malformedRequest(reason: "The Content-Length is no number.")
                }
                self.hasLength = true
                self.length = length
            case "transfer-encoding":
                guard !self.isChunked, value.lowercased() == "chunked" else {
                    throw .malformedRequest(reason: "The only Transfer-Encoding taken is chunked, once.")
                }
                self.isChunked = true
            case "expect":
                guard self.expectation == nil else { throw .unknownExpectation }
                self.expectation = value
            case "upgrade":
                self.asksForUpgrade = true
            default:
                break
            }
        }
    }
}

extension HTTPField.Name {
    /// The Host field, if the request's target is a whole URL that names another host. Otherwise it is the authority.
    public static let hostBesideTarget = HTTPField.Name("Host") ?? .via
}
