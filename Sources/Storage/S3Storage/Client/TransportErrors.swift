import AsyncHTTPClient
import NIOCore
import NIOPosix

/// What the HTTP client's errors tell about a request: whether it can have reached the store.
enum TransportErrors {
    /// - Parameter poolIsExhausted: whether this process wants more connections than it may have.
    static func kind(of error: any Error, poolIsExhausted: Bool = false) -> S3RequestError.Kind {
        switch error {
        case is CancellationError: return .cancelled
        case is DeadlineRunner.Passed: return .timedOut
        case let error as HTTPClientError:
            return error == .getConnectionFromPoolTimeout && poolIsExhausted ? .overloaded : kind(of: error)
        case let failure as S3RequestError: return failure.kind
        case let fault as S3Error: return .fault(fault)
        case let error as BadAnswer: return .badAnswer(error.detail)
        // No connection was made, so no request was sent.
        case is NIOConnectionError: return .transport(untouched: true, error)
        default: return .transport(untouched: hasSentNothing(error), error)
        }
    }

    private static func kind(of error: HTTPClientError) -> S3RequestError.Kind {
        switch error {
        case .cancelled, .requestStreamCancelled: .cancelled
        case .deadlineExceeded, .readTimeout, .writeTimeout: .timedOut
        case .connectTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            .transport(untouched: true, error)
        default: .transport(untouched: false, error)
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
