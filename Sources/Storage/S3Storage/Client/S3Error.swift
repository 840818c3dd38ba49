import ObjectStorage

/// An answer in which the store says that it did not do what it was asked to do.
struct S3Error: Error, Sendable, Hashable {
    /// The HTTP status; 200 if an error came in the body of a success, as with CompleteMultipartUpload.
    var status: Int
    /// S3's error code; nil if there was none, as with HEAD.
    var code: String?
    /// For logs, shortened. Never the other elements of the answer: some stores repeat the signature in them.
    var message: String?
    /// The whole object's size, with 416.
    var objectSize: Int64?
    /// The region of the bucket, if the answer names it.
    var bucketRegion: String?

    /// Whether the store says that it has not acted, or may not have, and that a retry may succeed.
    var isTransient: Bool {
        switch code {
        case "SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "Throttling", "ThrottlingException",
            "RequestLimitExceeded", "BandwidthLimitExceeded", "RequestTimeout", "InternalError", "Busy":
            true
        default:
            [408, 429, 500, 502, 503, 504].contains(status)
        }
    }

    /// Whether it says that nothing was done, so that a retry cannot leave two things.
    var saysUntouched: Bool {
        ["SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "RequestLimitExceeded"]
            .contains(code) || status == 429
    }

    /// Whether callers need no error code with this status.
    var speaksForItself: Bool { [401, 403, 412, 413, 429, 501, 507].contains(status) }

    /// The kind for callers. Codes first, since stores agree on them more than on statuses.
    var storageCode: StorageError.Code {
        if let code, let known = Self.known[code] { return known }
        switch status {
        case 401, 403: return .denied
        case 301, 307, 308: return .denied
        // S3's own 404 says in its code what is missing. One without a code may come from any web server in the store's
        // place, and must not be read as "no such image".
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

    /// From the S3 API reference, "Error responses", and from the sources of MinIO, Ceph and SeaweedFS for their own
    /// codes.
    private static let known: [String: StorageError.Code] = [
        "NoSuchKey": .notFound, "NoSuchVersion": .notFound,
        // Completed or aborted by somebody else meanwhile.
        "NoSuchUpload": .conflict,
        // The bucket concerns the whole installation, not one object: this must not be read as "no such image".
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
        // In a storage class such as GLACIER: it must be restored first.
        "InvalidObjectState": .archived, "ObjectNotInActiveTierError": .archived,
    ]

    /// For logs: the answer, and what an operator can do, if known.
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
