/// Why the server cannot answer a request as asked.
public enum RequestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A parameter is malformed, repeated, or not one of the allowed words.
    case badParameter(String)
    /// The operator does not offer this rendition.
    case renditionNotAllowed(String)

    /// A sentence for the client. It names the parameter and its limit.
    public var description: String {
        switch self {
        case .badParameter(let text), .renditionNotAllowed(let text): text
        }
    }
}
