/// A request that the listener itself rejects, before it asks a handler.
public enum ListenerError: Error, Equatable, CustomStringConvertible {
    /// The bytes are not an HTTP/1.x request, or an ambiguous one.
    case malformedRequest(reason: String)
    /// The request target is longer than the limit, in bytes.
    case targetTooLong(limit: Int)
    /// The header fields are larger or more than the limits allow.
    case headTooLarge
    /// The client stalled in the middle of a request's head.
    case requestTimeout
    /// An `Expect` other than `100-continue`.
    case unknownExpectation
    /// An HTTP version that the server does not support.
    case unsupportedVersion

    /// A sentence for the client. It repeats nothing that the client sent.
    public var description: String {
        switch self {
        case .malformedRequest(let reason): reason
        case .targetTooLong(let limit): "The request target is longer than \(limit) bytes."
        case .headTooLarge: "The header fields of the request are too large or too many."
        case .requestTimeout: "The client sent nothing for too long in the middle of a request."
        case .unknownExpectation: "The only expectation that can be met is 100-continue."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are spoken here."
        }
    }
}
