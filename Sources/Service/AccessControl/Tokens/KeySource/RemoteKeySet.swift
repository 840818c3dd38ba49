/// A JWK set on another machine.
public struct RemoteKeySet: Sendable {
    /// For the log.
    public let host: String
    /// Gets the set. It ends on its own, after some seconds at most.
    public let fetch: @Sendable () async throws(KeySetFetchError) -> [UInt8]

    /// - Parameters:
    ///   - host: for the log.
    ///   - fetch: gets the bytes of the set; ends after some seconds at most, with or without them.
    public init(host: String, fetch: @escaping @Sendable () async throws(KeySetFetchError) -> [UInt8]) {
        self.host = host
        self.fetch = fetch
    }
}

/// Why a JWK set could not be fetched. It holds nothing of the URL or the answer.
public enum KeySetFetchError: Error, Sendable, Hashable {
    /// The status was not 200. A redirect is one of these: it is not followed.
    case status(Int)
    /// The answer has more than so many bytes.
    case tooLong(limit: Int)
    /// No whole answer in time.
    case timedOut
    /// No connection, or one that broke.
    case unreachable
    /// The task was cancelled.
    case cancelled
}

extension KeySetFetchError: CustomStringConvertible {
    /// A short text for the log.
    public var description: String {
        switch self {
        case .status(let status): "status \(status)"
        case .tooLong(let limit): "more than \(limit) bytes"
        case .timedOut: "no answer in time"
        case .unreachable: "no connection"
        case .cancelled: "cancelled"
        }
    }
}
