import Admission
public import ImageCodecs
public import ImageModel
public import ObjectStorage

/// Why a use case failed. Every case carries what its message needs, and `cause` for the log.
public enum ServiceError: Error, Sendable {
    /// No such picture.
    case notFound
    /// A condition of the request does not hold.
    case preconditionFailed
    /// Another write is in the way, or came in between; a retry may help.
    case conflict(String)
    /// The upload is longer than the limit, in bytes.
    case tooLong(limit: Int64)
    /// The bytes are not a picture of a supported format.
    case notAnImage
    /// A picture of a format that is not taken here.
    case formatNotAccepted(ImageFormat, accepted: [ImageFormat])
    /// A picture that is damaged, cut off, too large to decode, or that cannot be transformed in this way.
    case unprocessable(CodecError)
    /// A valid picture from which this rendition cannot be made; the text says why.
    case cannotRender(String)
    /// The request needs more than a limit allows; the text names both.
    case beyondLimit(String)
    /// The request was not done within the time limit.
    case tookTooLong(limit: Duration)
    /// The range begins after the end of an object of so many bytes.
    case rangeNotSatisfiable(size: Int64)
    /// Everything is busy; retry after so many seconds.
    case overloaded(retryAfter: Int)
    /// The client has used up its limit of work on pixels; retry after so many seconds. The value is for the caller
    /// that set the limit.
    case rateLimited(any PixelRejection)
    /// The store failed; `StorageError.code` says how.
    case storage(StorageError)
    /// A path that breaks the rules.
    case badPath(ImagePath.PathError)
    /// A cursor that was not given by a listing.
    case badCursor
    /// The client's body could not be read to its end.
    case body(any Error)
    /// The client has left, or the process is shutting down.
    case cancelled
    /// A bug of ours.
    case defect(any Error)

    /// Whether the same request may succeed later, with the same picture.
    var isPassing: Bool {
        switch self {
        case .overloaded, .rateLimited, .storage, .cancelled, .conflict, .preconditionFailed, .notFound: true
        default: false
        }
    }

    /// Whether the client that asked was rejected, which says nothing of others that asked for the same.
    var isOfClient: Bool {
        switch self {
        case .overloaded, .rateLimited: true
        default: false
        }
    }

    /// Whether it was given up because it took too long, which may be different next time.
    var isOfTime: Bool {
        if case .tookTooLong = self { return true }
        return false
    }

    /// Whether a question to the store had no answer: the store was away, or too busy.
    var tellsNothingOfTheImage: Bool {
        switch self {
        case .storage(let error): error.isOutage
        case .overloaded: true
        default: false
        }
    }

    /// The error of a use case for an error of the store.
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

    /// The error of a use case for an error of the codecs outside a rendition. An internal error is counted.
    init(_ error: CodecError, at stage: String) {
        CodecErrorMetrics.note(error)
        self = error == .cancelled ? .cancelled : .unprocessable(error.at(stage: stage))
    }

    /// The error of a use case for work that was not admitted.
    init(_ error: AdmissionError) {
        self =
            switch error {
            case .overloaded(let seconds): .overloaded(retryAfter: seconds)
            case .exceedsBudget(let limit): .beyondLimit("This takes more than the \(limit) bytes of memory available.")
            case .cancelled: .cancelled
            case .shuttingDown: .overloaded(retryAfter: 1)
            }
    }
}
