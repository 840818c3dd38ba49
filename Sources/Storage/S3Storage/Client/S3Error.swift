import ObjectStorage

/// An answer by which the store says that it did not do what it was asked.
struct S3Error: Error, Sendable, Hashable {
    /// The HTTP status; 200 where an error came in the body of a success, as CompleteMultipartUpload may answer.
    var status: Int
    /// S3's error code; nil where there was none, as with HEAD.
    var code: String?
    /// For logs, shortened. Never the other elements of the answer: some stores repeat the signature in them.
    var message: String?
    /// The whole object's size, with 416.
    var objectSize: Int64?
    /// The region that the bucket is in, where the answer names it.
    var bucketRegion: String?

    /// Whether the store says that it has not acted, or may not have, and that a later try may fare better.
    var isTransient: Bool {
        switch code {
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "Throttling", "ThrottlingException",
            "RequestLimitExceeded", "BandwidthLimitExceeded", "RequestTimeout", "InternalError", "Busy":
            true
        default:
            [408, 429, 500, 502, 503, 504].contains(status)
        }
    }

    /// Whether it says that nothing was done, so that a repetition cannot leave two things behind.
    var saysUntouched: Bool {
        ["SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded"]
            .contains(code) || status == 429
    }

    /// Whether the status alone tells what callers need to know, whatever the code is.
    var speaksForItself: Bool { [401, 403, 412, 413, 429, 501, 507].contains(status) }

    /// The kind that callers tell apart. Codes first, since stores agree on them more than on statuses.
    var storageCode: StorageError.Code {
        if let code, let known = Self.known[code] { return known }
        switch status {
        case 401, 403: return .denied
        case 301, 307, 308: return .denied
        // S3's own says which thing is missing. One without a code may be any web server's that stands where the store
        // should be, and nobody must read it as "no such image".
        case 404: return .unavailable
        case 405, 501: return .unsupported
        case 408: return .timedOut
        case 409: return .conflict
        case 412: return .preconditionFailed
        case 413: return .full
        case 414: return .invalidKey
        case 416: return .rangeNotSatisfiable
        case 429: return .overloaded
        case 507: return .full
        case 500...599: return .unavailable
        default: return isTransient ? .unavailable : .badAnswer
        }
    }

    /// By the S3 API reference, "Error responses", and the sources of MinIO, Ceph and SeaweedFS for the codes that are
    /// theirs.
    private static let known: [String: StorageError.Code] = [
        "NoSuchKey": .notFound, "NoSuchVersion": .notFound,
        // Completed or aborted by somebody else in the meantime.
        "NoSuchUpload": .conflict,
        // The bucket is a matter of the whole installation, not of one object: nobody must read it as "no such image".
        "NoSuchBucket": .unavailable,
        "PreconditionFailed": .preconditionFailed,
        "ConditionalRequestConflict": .conflict, "OperationAborted": .conflict,
        "ExistingObjectIsDirectory": .conflict, "ExistingObjectIsFile": .conflict,
        "XMinioObjectExistsAsDirectory": .conflict, "XMinioParentIsObject": .conflict,
        "InvalidRange": .rangeNotSatisfiable,
        "KeyTooLongError": .invalidKey, "InvalidURI": .invalidKey, "XMinioInvalidObjectName": .invalidKey,
        "InvalidObjectName": .invalidKey,
        "AccessDenied": .denied, "InvalidAccessKeyId": .denied, "SignatureDoesNotMatch": .denied,
        "ExpiredToken": .denied, "InvalidToken": .denied, "TokenRefreshRequired": .denied,
        "RequestTimeTooSkewed": .denied, "AuthorizationHeaderMalformed": .denied, "PermanentRedirect": .denied,
        "AllAccessDisabled": .denied, "AccountProblem": .denied,
        "NotImplemented": .unsupported, "MethodNotAllowed": .unsupported,
        "QuotaExceeded": .full, "QuotaExceededException": .full, "XMinioStorageFull": .full,
        "XMinioAdminBucketQuotaExceeded": .full, "InsufficientStorage": .full, "EntityTooLarge": .full,
        "RequestTimeout": .timedOut,
        "SlowDown": .overloaded, "SlowDownRead": .overloaded, "SlowDownWrite": .overloaded, "Throttling": .overloaded,
        "ThrottlingException": .overloaded, "RequestLimitExceeded": .overloaded,
        // In a class such as GLACIER: it is to be restored first.
        "InvalidObjectState": .archived, "ObjectNotInActiveTierError": .archived,
    ]

    /// For logs: what came, and what an operator can do where that is known.
    var detail: String {
        var text = "status \(status)"
        if let code { text += ", \(code)" }
        if let message { text += ": \(message)" }
        if let bucketRegion, storageCode == .denied { text += " (the bucket is in region \(bucketRegion))" }
        switch code {
        case "NoSuchBucket": text += " (create the bucket, or let the server create it)"
        case "RequestTimeTooSkewed": text += " (this machine's clock differs from the store's)"
        case "SignatureDoesNotMatch": text += " (wrong secret key, or something on the way changes requests)"
        default: break
        }
        return text
    }
}
