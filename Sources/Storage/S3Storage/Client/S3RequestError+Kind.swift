import HTTPRequests

extension S3RequestError.Kind {
    /// - Parameter poolIsExhausted: whether this process wants more connections than it may have.
    init(_ error: any Error, poolIsExhausted: Bool = false) {
        switch error {
        case let error as S3RequestError: self = error.kind
        case let error as S3Error: self = .errorAnswer(error)
        case let error as BadAnswer: self = .badAnswer(error.detail)
        default: self.init(TransportError(error), poolIsExhausted: poolIsExhausted)
        }
    }

    private init(_ error: TransportError, poolIsExhausted: Bool) {
        self =
            switch error {
            case .cancelled: .cancelled
            case .timedOut: .timedOut
            case .noConnection(let cause): poolIsExhausted ? .overloaded : .transport(untouched: true, cause)
            case .failed(let untouched, let cause): .transport(untouched: untouched, cause)
            }
    }
}
