/// The configuration of the S3 storage. Plain values, which the reader of the settings has checked.
public struct S3Configuration: Sendable {
    /// Nil: AWS for ``region``.
    public var endpoint: S3Endpoint?
    /// The bucket's name, not checked here.
    public var bucket: String
    /// The region that requests are signed for.
    public var region: String
    /// Whether the bucket is in the path and not in the host name.
    public var usePathStyle: Bool
    /// For one operation, including retries; for a streamed body, for each pause without a byte.
    public var timeout: Duration
    /// The most connections for everything but streamed bodies.
    public var connectionLimit: Int
    /// The most connections for streamed bodies. Every download under way holds one, so this limits downloads too.
    public var readerLimit: Int
    /// Whether ``S3Storage/prepare()`` creates a missing bucket.
    public var createBucket: Bool
    /// Bytes in each part of an upload; at least 5 MiB, which is S3's limit for all parts but the last.
    public var partSize: Int
    /// How long a probe's result that is kept in the bucket is valid; zero: every start probes anew.
    public var probeMaxAge: Duration

    /// - Parameter usePathStyle: nil is the usual choice: true with an endpoint of one's own, and for a bucket whose
    ///   name has dots, because no wildcard certificate covers it.
    public init(
        endpoint: S3Endpoint? = nil, bucket: String, region: String = "us-east-1", usePathStyle: Bool? = nil,
        timeout: Duration = .seconds(10), connectionLimit: Int = 400, readerLimit: Int = 400,
        createBucket: Bool = false, partSize: Int = 8 << 20, probeMaxAge: Duration = .seconds(7 * 86_400)
    ) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        self.usePathStyle = usePathStyle ?? (endpoint != nil || bucket.contains("."))
        self.timeout = timeout
        self.connectionLimit = connectionLimit
        self.readerLimit = readerLimit
        self.createBucket = createBucket
        self.partSize = partSize
        self.probeMaxAge = probeMaxAge
    }
}
