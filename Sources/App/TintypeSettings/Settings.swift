public import AccessControl
public import ImageCodecs
public import ImageRequests

/// Everything that an operator can set, as checked values. The initial values are the defaults. The names, texts and
/// checks are in ``Setting/all``; ``load(environment:file:)`` reads the settings.
public struct Settings: Sendable {
    /// HOST: the address of the public and of the operations listener.
    public var host = ListenHost.loopback
    /// PORT: 0 is any free port.
    public var port = 8080
    /// OPS_PORT: 0 is any free port.
    public var opsPort = 9090
    /// DRAIN_SECONDS: how long connections are still accepted after SIGTERM. At most 20 s, because the process ends
    /// within 30 s, and requests under way then need some of them.
    public var drain = Duration.seconds(5)
    /// CLIENT_TIMEOUT_SECONDS: how long a client may send nothing while the server waits for it.
    public var clientTimeout = Duration.seconds(30)
    /// MIN_UPLOAD_RATE: bytes per second of a request's body; 0: no limit.
    public var minUploadRate = 1024
    /// MIN_DOWNLOAD_RATE: bytes per second of an answer; 0: no limit.
    public var minDownloadRate = 1024
    /// ANSWER_MEMORY_BYTES: bytes of answers that readers have not taken yet and no other budget counts.
    public var answerMemoryBytes = 268_435_456

    /// STORAGE_TYPE.
    public var storageType = StorageType.local
    /// LOCAL_STORAGE_PATH: relative to the working directory, or absolute.
    public var localStoragePath = "./data"
    /// The S3_* settings.
    public var s3 = S3Settings()
    /// STORAGE_TIMEOUT_SECONDS: for one storage operation, including retries.
    public var storageTimeout = Duration.seconds(10)
    /// CDN_URL: the beginning of `url` in metadata.
    public var cdnURL: WebURL?

    /// MAX_UPLOAD_BYTES.
    public var maxUploadBytes = 52_428_800
    /// UPLOAD_MEMORY_BYTES: the buffers of all uploads together.
    public var uploadMemoryBytes = 201_326_592
    /// MAX_IMAGE_PIXELS: width times height, by the header.
    public var maxImagePixels = 120_000_000
    /// MAX_IMAGE_FRAMES: frames of an animation.
    public var maxImageFrames = 10_000
    /// MAX_PROFILE_BYTES: of an embedded ICC profile, inflated.
    public var maxProfileBytes = 4_194_304
    /// MAX_JPEG_SCANS.
    public var maxJPEGScans = 100
    /// MAX_IMAGE_CHUNKS: segments of a JPEG's header, chunks of a PNG or WebP, boxes of an AVIF.
    public var maxImageChunks = 100_000
    /// UPLOAD_METADATA: what happens to an upload's metadata.
    public var uploadMetadata = MetadataPolicy.keep

    /// RENDER_MEMORY_BYTES: decoded bytes at the same time.
    public var renderMemoryBytes = 536_870_912
    /// RENDER_THREADS: nil: one per core.
    public var renderThreads: Int?
    /// RENDER_QUEUE: how many renditions may wait for a permit.
    public var renderQueue = 256
    /// RENDER_QUEUE_SECONDS: how long a rendition may wait.
    public var renderQueueTimeout = Duration.seconds(6)
    /// RENDER_TIMEOUT_SECONDS: how long a rendition may take once it has its thread.
    public var renderTimeout = Duration.seconds(30)
    /// MAX_ANIMATION_PIXELS: frames times pixels of an animation that is rendered.
    public var maxAnimationPixels = 500_000_000

    /// PRESETS: named renditions, each name once.
    public var presets: [PresetText] = []
    /// RENDITION_MODE.
    public var renditionMode = RenditionRules.Mode.any
    /// RENDITION_SIZES: ascending; empty: every size is allowed.
    public var renditionSizes: [Int] = []
    /// RENDITION_STORE: whether renditions are kept in the store.
    public var renditionStore = true
    /// RENDITION_STORE_LIMIT: how many are kept per version.
    public var renditionStoreLimit = 200
    /// RENDITION_LEASE_SECONDS: how long a replica waits for another one; zero: it does not wait.
    public var renditionLease = Duration.zero
    /// INTERMEDIATE_SIDE: the longer side of the intermediates of large originals, in pixels; 0: none are made.
    public var intermediateSide = 2560
    /// INTERMEDIATE_QUALITY: 1 to 100.
    public var intermediateQuality = 90
    /// CLIENT_HINTS: the supported hints, each once.
    public var clientHints: [ClientHints.Kind] = []

    /// CACHE_MEMORY_BYTES: 0 keeps nothing.
    public var cacheMemoryBytes = 268_435_456
    /// CACHE_REVALIDATE_SECONDS: the staleness bound between replicas.
    public var cacheRevalidate = Duration.seconds(5)
    /// CACHE_STALE_SECONDS: how long old answers may be used while storage is away.
    public var cacheStale = Duration.seconds(3600)
    /// CACHE_CONTROL: the header on unversioned URLs.
    public var cacheControl = "public, no-cache"

    /// API_KEYS: as ``AccessControl/APIKeys`` reads it.
    public var apiKeys: Secret?
    /// API_KEYS_FILE.
    public var apiKeysFile: String?
    /// JWT_HMAC_SECRET: 32 bytes or more.
    public var jwtSecret: Secret?
    /// JWT_HMAC_SECRETS_FILE.
    public var jwtSecretsFile: String?
    /// JWT_JWKS_FILE.
    public var jwksFile: String?
    /// JWT_JWKS_URL.
    public var jwksURL: KeySetURL?
    /// JWT_ISSUER.
    public var jwtIssuer: String?
    /// JWT_AUDIENCE.
    public var jwtAudience: String?
    /// JWT_PREFIXES: for tokens without the claim `prefixes`.
    public var jwtPrefixes = PrefixTemplate.perUser
    /// READ_ACCESS: applies if credentials are configured.
    public var readAccess = ReadAccess.public
    /// URL_SIGNING_KEYS: as ``AccessControl/SigningKeys`` reads it.
    public var urlSigningKeys: Secret?
    /// URL_SIGNING_KEYS_FILE.
    public var urlSigningKeysFile: String?
    /// SIGNED_URL_MAX_SECONDS: the longest lifetime of a signed URL.
    public var signedURLMax = Duration.seconds(604_800)
    /// SIGNED_URL_GRAIN_SECONDS: the end of a signed URL is rounded up to it.
    public var signedURLGrain = Duration.seconds(300)
    /// RATE_LIMITS: what each client may do.
    public var rateLimits = RateLimitRules.standard
    /// TRUSTED_PROXIES: the peers whose fields about the client are believed.
    public var trustedProxies: [IPNetwork] = []
    /// PROXY_PROTOCOL: whether these proxies begin each connection with a header.
    public var proxyProtocol = false
    /// UNSAFE_ALLOW_ANONYMOUS_WRITES: anybody who can reach the listener may write.
    public var unsafeAllowAnonymousWrites = false

    /// The policies by prefix. Only the file has them.
    public var policies = Policies()
    /// The file of `--config`; nil: none was given.
    public var file: LoadedFile?
    /// CORS_ORIGINS.
    public var corsOrigins = AllowedOrigins()
    /// AUDIT_LOG; nil: on if anybody can present a credential or a signed URL.
    public var auditLog: AuditLogMode?

    /// LOG_LEVEL.
    public var logLevel = LogLevel.info
    /// LOG_FORMAT.
    public var logFormat = LogFormat.text

    /// The defaults.
    public init() {}
}

extension Settings {
    /// Whether anybody can present a credential.
    public var hasCredentials: Bool { apiKeys != nil || apiKeysFile != nil || hasTokens }
    /// Whether tokens are verified.
    public var hasTokens: Bool { jwtSecret != nil || jwtSecretsFile != nil || jwksFile != nil || jwksURL != nil }
    /// Whether writes, rejections and uses of `admin` are logged under a label of their own.
    public var writesAuditLog: Bool { auditLog.map { $0 == .on } ?? (hasCredentials || hasSigningKeys) }
    /// Whether URLs can be signed.
    public var hasSigningKeys: Bool { urlSigningKeys != nil || urlSigningKeysFile != nil }
}

/// Where images are kept.
public enum StorageType: String, Sendable, Hashable, CaseIterable {
    case local, s3
}

/// Who may read images and their metadata.
public enum ReadAccess: String, Sendable, Hashable, CaseIterable {
    case `public`, protected
}

/// Whether the audit log is written.
public enum AuditLogMode: String, Sendable, Hashable, CaseIterable {
    case on, off
}

/// The format of log lines.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    case text, json
}

/// The least severe level that is logged; the names are swift-log's.
public enum LogLevel: String, Sendable, Hashable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}
