import NIOHTTP1

extension ListenerError {
    /// Translates an error of the parser. Nil if it is an error of the socket, or if the client left.
    init?(parserError error: any Error, monitor: ConnectionMonitorHandler, limits: ListenerConfiguration) {
        guard let error = error as? HTTPParserError else { return nil }
        switch error {
        case .invalidEOFState:
            return nil
        case .headerOverflow:
            let limit = limits.maxTargetBytes
            self = monitor.requestLineBytes > limit ? .targetTooLong(limit: limit) : .headTooLarge
        case .invalidVersion:
            self = .unsupportedVersion
        case .invalidMethod:
            self = .malformedRequest(reason: "The method is none of HTTP's.")
        case .invalidURL:
            self = .malformedRequest(
                reason:
                    "The request target is neither a path nor an http URL, or holds bytes that must be percent-encoded."
            )
        case .invalidHeaderToken:
            self = .malformedRequest(reason: "A header field holds bytes that HTTP does not allow.")
        case .invalidContentLength, .unexpectedContentLength:
            self = .malformedRequest(reason: "The Content-Length is no number, doubled, or beside a Transfer-Encoding.")
        case .invalidChunkSize:
            self = .malformedRequest(reason: "The body's transfer coding is broken.")
        default:
            self = .malformedRequest(reason: "What came is no HTTP/1.1 request.")
        }
    }
}
