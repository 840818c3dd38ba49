import TaskSupport

/// Why work was not admitted. The text of these errors names no secret and no path: it may be shown.
public enum AdmissionError: Error, Sendable, Hashable {
    /// Too much work is waiting already, or the wait has passed the deadline. The client should retry after so many
    /// seconds (1 to 60).
    case overloaded(retryAfterSeconds: Int)
    /// The request alone needs more than the whole budget of `limit` units: waiting would not help.
    case exceedsBudget(limit: Int)
    /// The caller has cancelled its request.
    case cancelled
    /// The process is shutting down.
    case shuttingDown
}

extension AdmissionError: CustomStringConvertible {
    /// What happened and the limit or the wait, for a client or a log.
    public var description: String {
        switch self {
        case .overloaded(let seconds): "overloaded, try again in \(seconds) s"
        case .exceedsBudget(let limit): "needs more than the whole budget of \(limit)"
        case .cancelled: "cancelled"
        case .shuttingDown: "shutting down"
        }
    }
}

extension AdmissionError {
    /// An overload whose Retry-After is the time that callers wait at present, rounded up and kept between 1 and 60 s.
    /// A client that comes back earlier would find the same queue.
    static func overloaded(waited: Duration) -> AdmissionError {
        let (seconds, attoseconds) = waited.components
        let roundedUp = attoseconds > 0 ? seconds + 1 : seconds
        return .overloaded(retryAfterSeconds: Int(min(max(roundedUp, 1), 60)))
    }

    /// Why somebody left who waited.
    init(_ departure: WaitDeparture) {
        switch departure {
        case .cancelled: self = .cancelled
        case .late(let waited): self = .overloaded(waited: waited)
        }
    }
}
