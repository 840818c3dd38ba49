import HTTPServer
import HTTPTypes

/// The stable codes of problems, with their statuses.
enum ProblemCode: String, Sendable, CaseIterable {
    case badPath = "bad_path"
    case badParameter = "bad_parameter"
    case badBody = "bad_body"
    case badRequest = "bad_request"
    case writesNotAllowed = "writes_not_allowed"
    case renditionNotAllowed = "rendition_not_allowed"
    case unauthorized
    case forbidden
    case badSignature = "bad_signature"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case clientTooSlow = "client_too_slow"
    case conflict
    case preconditionFailed = "precondition_failed"
    case tooLong = "too_long"
    case uriTooLong = "uri_too_long"
    case unsupportedImage = "unsupported_image"
    case rangeNotSatisfiable = "range_not_satisfiable"
    case expectationFailed = "expectation_failed"
    case brokenImage = "broken_image"
    case truncatedImage = "truncated_image"
    case imageTooLarge = "image_too_large"
    case unsupportedTransform = "unsupported_transform"
    case transformTooSlow = "transform_too_slow"
    case rateLimited = "rate_limited"
    case headersTooLarge = "headers_too_large"
    case clientLeft = "client_left"
    case internalError = "internal_error"
    case notSupported = "not_supported"
    case notSupportedByStorage = "not_supported_by_storage"
    case objectArchived = "object_archived"
    case storageBadAnswer = "storage_bad_answer"
    case storageDenied = "storage_denied"
    case overloaded
    case storageUnavailable = "storage_unavailable"
    case storageTimeout = "storage_timeout"
    case httpVersionNotSupported = "http_version_not_supported"
    case storageFull = "storage_full"

    var status: HTTPResponse.Status {
        switch self {
        case .badPath, .badParameter, .badBody, .badRequest: .badRequest
        case .unauthorized: .unauthorized
        case .writesNotAllowed, .renditionNotAllowed, .forbidden, .badSignature: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .clientTooSlow: .requestTimeout
        case .conflict, .objectArchived: .conflict
        case .preconditionFailed: .preconditionFailed
        case .tooLong: .contentTooLarge
        case .uriTooLong: .uriTooLong
        case .unsupportedImage: .unsupportedMediaType
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .expectationFailed: .expectationFailed
        case .brokenImage, .truncatedImage, .imageTooLarge, .unsupportedTransform, .transformTooSlow:
            .unprocessableContent
        case .rateLimited: .tooManyRequests
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        // No client reads it: it is for the log, in nginx's words.
        case .clientLeft: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
        case .internalError: .internalServerError
        case .notSupportedByStorage, .notSupported: .notImplemented
        case .storageBadAnswer, .storageDenied: .badGateway
        case .overloaded, .storageUnavailable: .serviceUnavailable
        case .storageTimeout: .gatewayTimeout
        case .httpVersionNotSupported: HTTPResponse.Status(code: 505, reasonPhrase: "HTTP Version Not Supported")
        case .storageFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        }
    }

    var title: String {
        switch self {
        case .badPath: "The path cannot be the name of an image"
        case .badParameter: "A parameter is malformed"
        case .badBody: "The body is malformed"
        case .badRequest: "The request is malformed"
        case .writesNotAllowed: "This server takes no writes from here"
        case .renditionNotAllowed: "This rendition may not be asked for"
        case .unauthorized: "A valid credential is needed"
        case .forbidden: "The credential does not permit this"
        case .badSignature: "The signature of the URL is not valid"
        case .notFound: "There is no such image"
        case .methodNotAllowed: "The resource does not take this method"
        case .clientTooSlow: "The client was too slow"
        case .conflict: "Another write stands in the way"
        case .preconditionFailed: "A condition of the request does not hold"
        case .tooLong: "The body is too long"
        case .uriTooLong: "The request target is too long"
        case .unsupportedImage: "This is not an image of a format that is taken"
        case .rangeNotSatisfiable: "The range lies behind the end of the image"
        case .expectationFailed: "The expectation cannot be met"
        case .brokenImage: "The image is damaged"
        case .truncatedImage: "The image is cut off"
        case .imageTooLarge: "The image goes beyond a limit"
        case .unsupportedTransform: "This image cannot be transformed so"
        case .transformTooSlow: "This image takes too long to transform"
        case .rateLimited: "The client has used up its limit"
        case .headersTooLarge: "The header fields are too large"
        case .clientLeft: "The client has left"
        case .internalError: "Something went wrong on the server"
        case .notSupported: "This server is not set up for that"
        case .notSupportedByStorage: "This storage cannot do that"
        case .objectArchived: "The image is in an archive of the storage"
        case .storageBadAnswer: "The storage gave an answer that makes no sense"
        case .storageDenied: "The storage refused the server"
        case .overloaded: "The server is busy"
        case .storageUnavailable: "The storage is away"
        case .storageTimeout: "The storage is too slow"
        case .httpVersionNotSupported: "The version of HTTP is not supported"
        case .storageFull: "The storage is full"
        }
    }
}
