/// What the S3 storage is told at start. Plain values, checked by whoever reads the settings.
public struct S3Configuration: Sendable {
    /// Nil: AWS for ``region``.
    public var endpoint: S3Endpoint?
    /// The bucket's name, not checked here.
    public var bucket: String
    /// The region that requests are signed for.
    public var region: String
    /// Whether the bucket stands in the path rather than in the host name.
    public var usePathStyle: Bool
    /// For one operation, retries included; for a streamed body, for each stretch without a byte.
    public var timeout: Duration
    /// Connections at once for everything but streamed bodies.
    public var connectionLimit: Int
    /// Connections at once for streamed bodies. Every download that is under way holds one, so this bounds them too.
    public var readerLimit: Int
    /// Whether ``S3Storage/prepare()`` creates a missing bucket.
    public var createBucket: Bool
    /// Bytes in each part of an upload; at least 5 MiB, which is S3's limit for all parts but the last.
    public var partSize: Int
    /// How long a probe's verdict that is kept in the bucket counts; zero: every start probes anew.
    public var probeMaxAge: Duration

    /// - Parameter usePathStyle: nil is the usual choice: true with an endpoint of one's own, and for a bucket whose
    ///   name has dots, which no wildcard certificate covers.
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
