import AsyncHTTPClient
import NIOCore
import NIOPosix

/// What an error of a connection tells about a request: whether it can have reached the server.
public enum TransportError: Error {
    /// The task was cancelled.
    case cancelled
    /// No answer in time.
    case timedOut
    /// No connection became free in time. Nothing was sent.
    case noConnection(any Error)
    /// No connection, or one that broke. `untouched`: the request cannot have reached the server.
    case failed(untouched: Bool, any Error)

    /// Classifies an error of ``ConnectionPool``, ``ClientResponse`` or ``DeadlineRunner``.
    public init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .cancelled
        case is DeadlineRunner.Passed: self = .timedOut
        case let error as HTTPClientError: self.init(error)
        // No connection was made, so no request was sent.
        case is NIOConnectionError: self = .failed(untouched: true, error)
        default: self = .failed(untouched: Self.hasSentNothing(error), error)
        }
    }

    private init(_ error: HTTPClientError) {
        self =
            switch error {
            case .cancelled, .requestStreamCancelled: .cancelled
            case .deadlineExceeded, .readTimeout, .writeTimeout: .timedOut
            case .getConnectionFromPoolTimeout: .noConnection(error)
            case .connectTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
                .failed(untouched: true, error)
            default: .failed(untouched: false, error)
            }
    }

    private static func hasSentNothing(_ error: any Error) -> Bool {
        if let error = error as? IOError { return error.errnoCode == ECONNREFUSED }
        switch error as? ChannelError {
        case .connectTimeout: return true
        // The HTTP client took a connection from its pool that was being closed, and has written nothing to it. After a
        // write, the end of a connection has another error: EarlyAnswerHandler keeps failed writes from the client.
        case .ioOnClosedChannel: return true
        default: return false
        }
    }
}
