import HTTPServer
import HTTPTypes
import ImageCodecs
import ImageModel
import ImageRequests
import ImageService
import ObjectStorage

extension Problem {
    /// The only place that turns errors of use cases into responses.
    init(_ error: ServiceError) {
        switch error {
        case .notFound: self.init(.notFound, "There is no image at this path.")
        case .preconditionFailed: self.init(.preconditionFailed, "The image is not in the state the request asks for.")
        case .conflict(let text): self.init(.conflict, text)
        case .tooLong(let limit): self.init(.tooLong, "The body is longer than \(limit) bytes, the most that is taken.")
        case .notAnImage: self.init(.unsupportedImage, "The bytes are not a JPEG, PNG, WebP or AVIF image.")
        case .formatNotAccepted(let format, let accepted):
            let names = accepted.map(\.displayName).joined(separator: ", ")
            self.init(
                .unsupportedImage, "The image is of the type \(format.displayName); this place takes: \(names).")
        case .unprocessable(let error): self.init(error)
        case .cannotRender(let text): self.init(.unsupportedTransform, text)
        case .beyondLimit(let text): self.init(.imageTooLarge, text)
        case .tookTooLong(let limit):
            self.init(
                .transformTooSlow,
                "The image takes longer to transform than the \(limit.components.seconds) seconds that are allowed.")
        case .rangeNotSatisfiable(let size):
            self.init(.rangeNotSatisfiable, "The image has \(size) bytes.")
            headers[.contentRange] = "bytes */\(size)"
        case .overloaded(let seconds): self.init(.overloaded, "Too much is being worked on.", retryAfter: seconds)
        case .rateLimited(let rejection): self.init(rejection)
        case .badPath(let error): self.init(.badPath, error.description)
        case .badCursor: self.init(.badParameter, "The parameter cursor is not one that a listing has given.")
        case .storage(let error): self.init(error)
        case .body(let error): self.init(thrown: error)
        case .cancelled: self.init(.clientLeft, "The client has left.")
        case .defect(let error): self.init(.internalError, "The server failed on this request.", cause: error)
        }
    }

    init(_ error: ListenerError) {
        let text = error.description
        switch error {
        case .malformedRequest: self.init(.badRequest, text)
        case .targetTooLong: self.init(.uriTooLong, text)
        case .headTooLarge: self.init(.headersTooLarge, text)
        case .requestTimeout: self.init(.clientTooSlow, text)
        case .unknownExpectation: self.init(.expectationFailed, text)
        case .unsupportedVersion: self.init(.httpVersionNotSupported, text)
        }
    }

    init(_ error: RequestError) {
        switch error {
        case .badParameter(let text): self.init(.badParameter, text)
        case .renditionNotAllowed(let text): self.init(.renditionNotAllowed, text)
        }
    }

    /// Runs code that reads a request, and throws its error as a problem.
    static func mapping<Value>(_ read: () throws(RequestError) -> Value) throws(Problem) -> Value {
        do {
            return try read()
        } catch {
            throw Problem(error)
        }
    }

    init(_ error: CodecError) {
        let text = error.publicText
        switch error {
        case .notAnImage: self.init(.unsupportedImage, text)
        case .unsupported: self.init(.unsupportedTransform, text)
        case .damaged: self.init(.brokenImage, text)
        case .truncated: self.init(.truncatedImage, text)
        case .tooLarge: self.init(.imageTooLarge, text)
        case .outOfMemory: self.init(.overloaded, text, retryAfter: 5, cause: error)
        case .cancelled: self.init(.clientLeft, text)
        // This concerns only this image. It is counted, and logged.
        case .internalError: self.init(.unsupportedTransform, text, cause: error)
        }
    }

    init(_ error: StorageError) {
        switch error.code {
        // Use cases have their own errors for these.
        case .notFound, .preconditionFailed, .conflict, .rangeNotSatisfiable, .cancelled: self.init(ServiceError(error))
        case .invalidKey: self.init(.badPath, "The storage cannot hold an object of this name.")
        case .full: self.init(.storageFull, "The storage has no space left.", cause: error)
        case .denied: self.init(.storageDenied, "The storage refused the server's credentials.", cause: error)
        case .archived:
            self.init(
                .objectArchived, "The image is in an archive of the storage and must be restored there first.",
                cause: error)
        case .unavailable:
            self.init(.storageUnavailable, "The storage does not answer.", retryAfter: Self.outageRetry, cause: error)
        case .timedOut:
            self.init(
                .storageTimeout, "The storage did not answer in time.", retryAfter: Self.outageRetry, cause: error)
        case .overloaded: self.init(.overloaded, "Too much is being worked on.", retryAfter: 1)
        case .badCursor: self.init(.badParameter, "The parameter cursor is not one that a listing has given.")
        case .badAnswer: self.init(.storageBadAnswer, "The storage's answer could not be used.", cause: error)
        case .unsupported: self.init(.notSupportedByStorage, "The storage cannot do that.", cause: error)
        }
    }

    /// The problem for any error thrown while a body is read or written.
    init(thrown error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ServiceError: self.init(error)
        case let error as StorageError: self.init(error)
        case let error as ListenerError: self.init(error)
        case is CancellationError: self.init(.clientLeft, "The client has left.")
        case RequestBodyError.timedOut: self.init(.clientTooSlow, "The body stopped coming for too long.")
        case RequestBodyError.tooSlow(let rate):
            self.init(.clientTooSlow, "The body came slower than \(rate) bytes a second.")
        case RequestBodyError.clientLeft:
            self.init(.clientLeft, "The client left before the end of the body.", cause: error)
        case RequestBodyError.malformed: self.init(.badBody, "The body's framing is malformed.")
        case RequestBodyError.rejected(let reason): self.init(.badBody, reason)
        default: self.init(.internalError, "The server failed on this request.", cause: error)
        }
    }

    /// The seconds after which a retry may help while the store is unavailable.
    private static let outageRetry = 5
}

extension ImageFormat {
    /// For clients: the subtype of the media type.
    fileprivate var displayName: String { String(capabilities.mediaType.dropFirst("image/".utf8.count)) }
}
