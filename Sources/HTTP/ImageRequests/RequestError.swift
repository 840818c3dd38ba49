/// Why a request cannot be answered as it was asked.
public enum RequestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A parameter is malformed, given twice, or not one of the words that it takes.
    case badParameter(String)
    /// The operator does not offer this rendition.
    case renditionNotAllowed(String)

    /// A sentence for the client, which names the parameter and its limit.
    public var description: String {
        switch self {
        case .badParameter(let text), .renditionNotAllowed(let text): text
        }
    }
}
