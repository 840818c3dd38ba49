public import HTTPTypes

/// A request that the listener answers itself, because no handler could be asked, or because none gave an answer.
public enum ListenerFault: Error, Equatable, Sendable {
    /// What came is no HTTP/1.x request, or an ambiguous one.
    case malformedRequest(reason: String)
    /// The request target is longer than the limit, in bytes.
    case targetTooLong(limit: Int)
    /// The header fields are larger or more than the limits.
    case headTooLarge
    /// The client stalled in the middle of a request.
    case requestTimeout
    /// An `Expect` other than `100-continue`.
    case unknownExpectation
    /// A version of HTTP that is not spoken here.
    case unsupportedVersion
    /// A handler threw what it should have made into an answer, or broke its promise: a bug.
    case handlerFailed

    /// The status of the answer.
    public var status: HTTPResponse.Status {
        switch self {
        case .malformedRequest: .badRequest
        case .targetTooLong: .uriTooLong
        case .headTooLarge: .requestHeaderFieldsTooLarge
        case .requestTimeout: .requestTimeout
        case .unknownExpectation: .expectationFailed
        case .unsupportedVersion: .init(code: 505, reasonPhrase: "HTTP Version Not Supported")
        case .handlerFailed: .internalServerError
        }
    }

    /// The stable code in the problem's body.
    public var code: String {
        switch self {
        case .malformedRequest: "malformed_request"
        case .targetTooLong: "uri_too_long"
        case .headTooLarge: "headers_too_large"
        case .requestTimeout: "request_timeout"
        case .unknownExpectation: "expectation_failed"
        case .unsupportedVersion: "http_version_not_supported"
        case .handlerFailed: "internal_error"
        }
    }

    /// A sentence for the client; it repeats nothing that the client sent.
    public var detail: String {
        switch self {
        case .malformedRequest(let reason): reason
        case .targetTooLong(let limit): "The request target is longer than \(limit) bytes."
        case .headTooLarge: "The header fields of the request are too large or too many."
        case .requestTimeout: "The client sent nothing for too long in the middle of a request."
        case .unknownExpectation: "The only expectation that can be met is 100-continue."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        case .handlerFailed: "Something went wrong on the server."
        }
    }
}
