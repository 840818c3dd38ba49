import Admission
public import ImageCodecs
public import ObjectStorage

/// Why a use case did not come to its end. Every case carries what its message needs, and `cause` for the log.
public enum ServiceError: Error, Sendable {
    /// No such picture.
    case notFound
    /// A condition of the request does not hold.
    case preconditionFailed
    /// Another write stands in the way, or has come between; trying again may help.
    case conflict(String)
    /// The upload is longer than the limit, in bytes.
    case tooLong(limit: Int64)
    /// The bytes are no picture of a format that is taken.
    case notAnImage
    /// A picture that is damaged, cut off, too large to decode, or that cannot be transformed so.
    case unprocessable(CodecError)
    /// A sound picture of which this cannot be made; the text says why.
    case cannotRender(String)
    /// What was asked of this picture needs more than a limit allows; the text names both.
    case beyondLimit(String)
    /// What was asked of this picture was not done within the time limit.
    case tookTooLong(limit: Duration)
    /// The range lies behind the end of an object of so many bytes.
    case rangeNotSatisfiable(size: Int64)
    /// All hands are busy; try again after so many seconds.
    case overloaded(retryAfter: Int)
    /// The store failed; `StorageError.code` tells how.
    case storage(StorageError)
    /// A path that breaks the rules.
    case badPath(ImagePath.PathError)
    /// A cursor that no listing has given.
    case badCursor
    /// The client's body could not be read to its end.
    case body(any Error)
    /// The client has left, or the process ends.
    case cancelled
    /// A fault of ours.
    case defect(any Error)

    /// Whether the same may succeed another time, without a change of the picture.
    var isPassing: Bool {
        switch self {
        case .overloaded, .storage, .cancelled, .conflict, .preconditionFailed, .notFound: true
        default: false
        }
    }

    /// Whether it was given up since it took too long, which another time it may not.
    var isOfTime: Bool {
        if case .tookTooLong = self { return true }
        return false
    }

    /// Whether a question to the store had no answer: it was away, or too busy for it.
    var tellsNothingOfTheImage: Bool {
        switch self {
        case .storage(let error): error.isOutage
        case .overloaded: true
        default: false
        }
    }

    /// The error a use case shows for one of the store's.
    public init(_ error: StorageError) {
        self =
            switch error.code {
            case .notFound: .notFound
            case .preconditionFailed: .preconditionFailed
            case .conflict: .conflict("Another object or write stands in the way.")
            case .rangeNotSatisfiable: .rangeNotSatisfiable(size: error.objectSize ?? 0)
            case .cancelled: .cancelled
            case .overloaded: .overloaded(retryAfter: 1)
            case .badCursor: .badCursor
            case .invalidKey, .full, .denied, .unavailable, .timedOut, .badAnswer, .unsupported, .archived:
                .storage(error)
            }
    }

    /// The error a use case shows where the codecs fail outside of a rendition. A fault is counted.
    init(_ error: CodecError, at stage: String) {
        CodecErrorMetrics.note(error)
        self = error == .cancelled ? .cancelled : .unprocessable(error.at(stage: stage))
    }

    /// The error a use case shows where work was not admitted.
    init(_ error: AdmissionError) {
        self =
            switch error {
            case .overloaded(let seconds): .overloaded(retryAfter: seconds)
            case .exceedsBudget(let limit): .beyondLimit("This takes more than the \(limit) bytes of memory there are.")
            case .cancelled: .cancelled
            case .shuttingDown: .overloaded(retryAfter: 1)
            }
    }
}
