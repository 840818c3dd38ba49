/// The S3_* settings.
public struct S3Settings: Sendable {
    /// S3_ENDPOINT_URL: nil is AWS for the region.
    public var endpoint: WebURL?
    /// S3_BUCKET_NAME: set whenever the storage is `s3`.
    public var bucket: String?
    /// S3_REGION.
    public var region = "us-east-1"
    /// S3_ACCESS_KEY, or AWS_ACCESS_KEY_ID.
    public var accessKey: Secret?
    /// S3_SECRET_KEY, or AWS_SECRET_ACCESS_KEY.
    public var secretKey: Secret?
    /// S3_SESSION_TOKEN, or AWS_SESSION_TOKEN.
    public var sessionToken: Secret?
    /// S3_USE_PATH_STYLE as it was set; `usesPathStyle` is the effective value.
    public var pathStyle: Bool?
    /// S3_CREATE_BUCKET.
    public var createBucket = false
    /// S3_PUBLIC_URL: checked, but without effect in this version, which makes no presigned URLs.
    public var publicURL: WebURL?
    /// S3_UPLOAD_SWEEP_SECONDS: the age at which our unfinished multipart uploads are aborted; nil: never.
    public var uploadSweepAge: Duration? = .seconds(86_400)

    /// S3_PROBE_MAX_AGE_SECONDS: how long a probe's result about the store is valid; zero: every start probes anew.
    public var probeMaxAge: Duration = .seconds(604_800)

    /// The defaults.
    public init() {}

    /// Whether the bucket is in the path and not in the host name. If nothing was set, this is true with an endpoint,
    /// because a store of one's own seldom has a DNS name for every bucket.
    public var usesPathStyle: Bool { pathStyle ?? (endpoint != nil) }

    /// Both parts of the static credentials, or nil if there are none.
    public var credentials: S3Credentials? {
        guard let accessKey, let secretKey else { return nil }
        return S3Credentials(accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken)
    }
}

/// A static key pair.
public struct S3Credentials: Sendable, Hashable {
    /// S3_ACCESS_KEY, or AWS_ACCESS_KEY_ID from the same set as the secret.
    public let accessKey: Secret
    /// S3_SECRET_KEY, or AWS_SECRET_ACCESS_KEY.
    public let secretKey: Secret
    /// S3_SESSION_TOKEN, or AWS_SESSION_TOKEN, for temporary keys.
    public let sessionToken: Secret?
}
