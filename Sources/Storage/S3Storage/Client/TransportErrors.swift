import AsyncHTTPClient
import NIOCore
import NIOPosix

/// What the errors of the HTTP client tell of the request: whether it can have reached the store.
enum TransportErrors {
    /// - Parameter poolIsExhausted: whether this process asks for more connections than it may have.
    static func kind(of error: any Error, poolIsExhausted: Bool = false) -> S3RequestError.Kind {
        switch error {
        case is CancellationError: return .cancelled
        case is DeadlineRunner.Passed: return .timedOut
        case let error as HTTPClientError:
            return error == .getConnectionFromPoolTimeout && poolIsExhausted ? .overloaded : kind(of: error)
        case let failure as S3RequestError: return failure.kind
        case let fault as S3Error: return .fault(fault)
        case let error as BadAnswer: return .badAnswer(error.detail)
        // No connection was made, so no request went over it.
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
        // The HTTP client took a connection out of its pool that was being closed, and has written nothing to it. Once
        // it has, the end of a connection is told otherwise: EarlyAnswerHandler keeps failed writes from it.
        case .ioOnClosedChannel: return true
        default: return false
        }
    }
}
