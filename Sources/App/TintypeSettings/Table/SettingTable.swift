extension Setting {
    /// Every setting, in the order of display.
    public static let all: [Setting] =
        listening + storage + s3 + uploads + rendering + renditions + caching + access + logging

    private static let tebibyte = 1 << 40

    private static let listening = [
        Setting("HOST", \.host, .host, "address of the public listener and of the ops listener"),
        Setting("PORT", \.port, .port, "port of the public listener; 0 takes any free port"),
        Setting(
            "OPS_PORT", \.opsPort, .port,
            "port of the ops listener: `/livez`, `/readyz`, `/metrics`; 0 takes any free port"),
        Setting(
            "DRAIN_SECONDS", \.drain, .seconds(0...20),
            "how long the server still accepts connections after SIGTERM, although it is not ready any "
                + "more; part of the 30 s in which the process ends"),
        Setting(
            "CLIENT_TIMEOUT_SECONDS", \.clientTimeout, .seconds(1...3600),
            "if a client sends nothing for so long while the server waits for it, the server cuts it "
                + "off (408)"),
        Setting(
            "MIN_UPLOAD_RATE", \.minUploadRate, .rate,
            "bytes a second. The server cuts off a client whose body comes slower (408), over the last "
                + "30 s in which it waited for the body. While others wait for the memory of uploads, a "
                + "client needs at least 32 KiB/s. 0: no limit"),
        Setting(
            "MIN_DOWNLOAD_RATE", \.minDownloadRate, .rate,
            "the same for a client that reads an answer too slowly: the server cuts the connection. "
                + "While others wait for the memory of answers, a client needs at least 32 KiB/s. 0: no limit"),
        Setting(
            "ANSWER_MEMORY_BYTES", \.answerMemoryBytes, .bytes((16 << 20)...tebibyte),
            "memory for what clients have not read yet: renditions that the cache cannot hold, "
                + "originals that stream past it, and listings. An answer that gets no memory in time is "
                + "503. One client gets a quarter, or a single answer"),
    ]

    private static let storage = [
        Setting("STORAGE_TYPE", \.storageType, .choice, "`local` or `s3`"),
        Setting("LOCAL_STORAGE_PATH", \.localStoragePath, .path, "the folder, if STORAGE_TYPE is `local`"),
        Setting(
            "STORAGE_TIMEOUT_SECONDS", \.storageTimeout, .seconds(1...600),
            "time limit of one storage operation, retries included; for a streamed body, of each "
                + "stretch without a byte"),
    ]

    private static let s3 = [
        Setting(
            "S3_ENDPOINT_URL", \.s3.endpoint, .optional(.origin), default: "AWS for the region",
            "address of MinIO, SeaweedFS or Ceph, such as `http://minio:9000`"),
        Setting("S3_BUCKET_NAME", \.s3.bucket, .optional(.bucketName), "the bucket; required if STORAGE_TYPE is `s3`"),
        Setting(
            "S3_REGION", \.s3.region, .region, fallbacks: ["AWS_REGION", "AWS_DEFAULT_REGION"],
            "if it is not set: `AWS_REGION`, `AWS_DEFAULT_REGION`"),
        Setting(
            "S3_ACCESS_KEY", \.s3.accessKey, .optional(.secret), isSecret: true,
            "if it is not set: `AWS_ACCESS_KEY_ID`. Both halves of a key pair come from the same source"),
        Setting(
            "S3_SECRET_KEY", \.s3.secretKey, .optional(.secret), isSecret: true,
            "if it is not set: `AWS_SECRET_ACCESS_KEY`"),
        Setting(
            "S3_SESSION_TOKEN", \.s3.sessionToken, .optional(.secret), isSecret: true,
            "if it is not set: `AWS_SESSION_TOKEN`"),
        Setting(
            "S3_USE_PATH_STYLE", \.s3.pathStyle, .optional(.flag), default: "true with an endpoint",
            "put the bucket into the path instead of the host name"),
        Setting("S3_CREATE_BUCKET", \.s3.createBucket, .flag, "create the bucket at start if it is missing"),
        Setting(
            "S3_PUBLIC_URL", \.s3.publicURL, .optional(.origin), default: "S3_ENDPOINT_URL",
            "address of the store for browsers, for presigned URLs. No effect in this version, which "
                + "makes none"),
        Setting(
            "S3_UPLOAD_SWEEP_SECONDS", \.s3.uploadSweepAge, .secondsOrNever(1...31_536_000),
            "the server aborts its own multipart uploads that are unfinished after so long; 0: never"),
        Setting(
            "S3_PROBE_MAX_AGE_SECONDS", \.s3.probeMaxAge, .seconds(0...31_536_000),
            "the bucket keeps the result of the probe, which finds out what the store does with "
                + "conditional writes. The result is valid for so long; 0: the server probes at each start"),
    ]

    private static let uploads = [
        Setting("CDN_URL", \.cdnURL, .optional(.url), "base of the `url` in metadata"),
        Setting("MAX_UPLOAD_BYTES", \.maxUploadBytes, .bytes(1...(64 << 30)), "the largest upload (413)"),
        Setting(
            "UPLOAD_MEMORY_BYTES", \.uploadMemoryBytes, .bytes((16 << 20)...tebibyte),
            "buffers of all uploads together; at least two parts of 8 MiB"),
        Setting(
            "MAX_IMAGE_PIXELS", \.maxImagePixels, .number(1...4_294_836_225),
            "most pixels of an image, checked from the header before any pixel is decoded (422)"),
        Setting(
            "MAX_IMAGE_FRAMES", \.maxImageFrames, .number(1...1_000_000), "most images in an animation (422)"),
        Setting(
            "MAX_PROFILE_BYTES", \.maxProfileBytes, .bytes(1024...(64 << 20)),
            "largest embedded ICC profile, inflated (422)"),
        Setting(
            "MAX_JPEG_SCANS", \.maxJPEGScans, .number(1...10_000),
            "most scans of a progressive JPEG; each may cost a pass over the image (422)"),
        Setting(
            "MAX_IMAGE_CHUNKS", \.maxImageChunks, .number(100...10_000_000),
            "most segments of a JPEG's header, chunks of a PNG or WebP, boxes of an AVIF (422). Texts "
                + "are never inflated"),
        Setting(
            "UPLOAD_METADATA", \.uploadMetadata, .choice,
            "what happens to the metadata of uploads: `keep`, `drop-location` (GPS), or `drop-all` "
                + "(EXIF, XMP, IPTC, comments); pixels, profile and orientation stay. docs/formats.md says "
                + "what it costs"),
    ]

    private static let rendering = [
        Setting(
            "RENDER_MEMORY_BYTES", \.renderMemoryBytes, .bytes((16 << 20)...tebibyte),
            "decoded bytes at once. An image that alone needs more is 422, not 503"),
        Setting(
            "RENDER_THREADS", \.renderThreads, .optional(.number(1...256)), default: "one for each core",
            "threads that decode, transform and encode. Work of more than a quarter of a second has as "
                + "many threads of its own, which give way to these"),
        Setting(
            "RENDER_QUEUE", \.renderQueue, .number(0...65_536),
            "how many renditions may wait for a permit; one more is 503"),
        Setting(
            "RENDER_QUEUE_SECONDS", \.renderQueueTimeout, .seconds(1...600),
            "how long a rendition may wait for its permit (503). If it would wait for more than half "
                + "of that at the recent rate, it is 503 at once"
        ),
        Setting(
            "RENDER_TIMEOUT_SECONDS", \.renderTimeout, .seconds(1...3600),
            "how long a rendition may take after it got its thread (422)"),
        Setting(
            "MAX_ANIMATION_PIXELS", \.maxAnimationPixels, .number(1...100_000_000_000),
            "most frames times pixels of an animation that is rendered (422). Storing and serving an "
                + "animation is not limited by it"),
    ]

    private static let renditions = [
        Setting(
            "PRESETS", \.presets, .presets,
            "named renditions, for `?preset=NAME`: `thumb:w=200&h=200&fit=cover,card:w=800`; in the "
                + "file a mapping. See docs/configuration.md"),
        Setting(
            "RENDITION_MODE", \.renditionMode, .choice,
            "`any`, or `presets`: only `?preset=NAME` is allowed, and with it a `dpr` of 1, 2, 3 or 4 "
                + "(else 403)"),
        Setting(
            "RENDITION_SIZES", \.renditionSizes, .numbers(1...8192),
            "pixels, such as `160,320,640,1280`: `w` and `h`, times `dpr`, become the next larger size "
                + "of this list, or its largest; a box that is filled keeps its proportions. Without it "
                + "every size is allowed"),
        Setting(
            "RENDITION_STORE", \.renditionStore, .flag,
            "keep renditions in the store, for every replica and over restarts; they are removed with "
                + "their original"),
        Setting(
            "RENDITION_STORE_LIMIT", \.renditionStoreLimit, .number(1...1000),
            "how many renditions of one version of an image are stored; all others are rendered each "
                + "time they are not in memory"
        ),
        Setting(
            "RENDITION_LEASE_SECONDS", \.renditionLease, .seconds(0...60),
            "how long a replica waits for another one that renders the same; 0: it does not wait, and "
                + "each may render it once"
        ),
        Setting(
            "INTERMEDIATE_SIDE", \.intermediateSide, .number(0...8192),
            "longer side of the intermediate, in pixels. It is kept of a large original if that pays, and renditions of "
                + "half its size or less are made of it; 0: none. Needs `RENDITION_STORE`"),
        Setting("INTERMEDIATE_QUALITY", \.intermediateQuality, .number(1...100), "JPEG quality of the intermediate"),
        Setting(
            "CLIENT_HINTS", \.clientHints, .hints,
            "header fields that replace parameters that a rendition's URL does not have: `dpr` "
                + "(Sec-CH-DPR), `width` (Sec-CH-Width), `save-data` (Save-Data lowers the default quality "
                + "by 20). See docs/http.md"),
    ]

    private static let caching = [
        Setting(
            "CACHE_MEMORY_BYTES", \.cacheMemoryBytes, .bytes(0...tebibyte),
            "byte budget of the memory cache, overhead included; 0 keeps nothing"),
        Setting(
            "CACHE_REVALIDATE_SECONDS", \.cacheRevalidate, .seconds(0...86_400),
            "how long a replica may answer from memory without asking the store: after that it sees "
                + "the writes of other replicas"),
        Setting(
            "CACHE_STALE_SECONDS", \.cacheStale, .seconds(0...31_536_000),
            "how long the server may use old answers while the store is away; 0: never"),
        Setting(
            "CACHE_CONTROL", \.cacheControl, .headerValue,
            "Cache-Control of URLs without `v`: browsers keep the answer, and ask each time (304). "
                + "Raise it if a CDN in front is purged"),
    ]

    private static let access = [
        Setting(
            "API_KEYS", \.apiKeys, .optional(.list), isSecret: true,
            "keys of programs: `name:secret:scopes[:prefixes]`, entries by comma, scopes (`read`, `write`, `delete`, "
                + "`admin`) and prefixes by space; `sha256=` and 64 hex digits may stand for the secret. `tintype key` "
                + "makes one"),
        Setting(
            "API_KEYS_FILE", \.apiKeysFile, .optional(.file),
            "a file with the same, entries by comma or line. The server reads it each second; a wrong file keeps the "
                + "last good one"),
        Setting(
            "JWT_HMAC_SECRET", \.jwtSecret, .optional(.list), isSecret: true,
            "verifies JSON web tokens by HMAC: its UTF-8 bytes, at least 32 for HS256, 48 for HS384, 64 for HS512"),
        Setting(
            "JWT_HMAC_SECRETS_FILE", \.jwtSecretsFile, .optional(.file),
            "a file with such secrets, one on each line; read each second"),
        Setting(
            "JWT_JWKS_FILE", \.jwksFile, .optional(.file),
            "a file with a JWK set (RS, PS, ES and EdDSA); read each second"),
        Setting(
            "JWT_JWKS_URL", \.jwksURL, .optional(.keySetURL),
            "the address of a JWK set. The server asks for it every 5 minutes, and for an unknown key at most once a "
                + "minute; it follows no redirect, and keeps the last good set for 24 hours. Needs JWT_ISSUER and "
                + "JWT_AUDIENCE"),
        Setting("JWT_ISSUER", \.jwtIssuer, .optional(.headerValue), "what `iss` of a token must be"),
        Setting("JWT_AUDIENCE", \.jwtAudience, .optional(.headerValue), "what `aud` of a token must be or contain"),
        Setting(
            "JWT_PREFIXES", \.jwtPrefixes, .prefixTemplate,
            "where a token without the claim `prefixes` permits something; `{sub}` is its subject; `all`: everywhere"),
        Setting(
            "READ_ACCESS", \.readAccess, .choice,
            "`public`: everybody may read images and their metadata; `protected`: a credential with `read` or a signed "
                + "URL is needed. If credentials are configured, listings always need `read`"),
        Setting(
            "URL_SIGNING_KEYS", \.urlSigningKeys, .optional(.list), isSecret: true,
            "keys for signed URLs: `kid:secret`, entries by comma, secrets of 32 bytes or more; the first one signs, "
                + "all are accepted"),
        Setting(
            "URL_SIGNING_KEYS_FILE", \.urlSigningKeysFile, .optional(.file),
            "a file with the same, entries by comma or line; read each second"),
        Setting(
            "SIGNED_URL_MAX_SECONDS", \.signedURLMax, .seconds(1...31_536_000), "longest lifetime of a signed URL"),
        Setting(
            "SIGNED_URL_GRAIN_SECONDS", \.signedURLGrain, .seconds(1...86_400),
            "the end of a signed URL is rounded up to it, so that everybody gets the same URL within it, and caches hit"
        ),
        Setting(
            "RATE_LIMITS", \.rateLimits, .rateLimits, default: "failures=10/100 if credentials are configured",
            "what one client may do on each replica: `reads=200/400,writes=10/50,pixels=50000000/200000000`, each as a "
                + "rate a second and a burst (429). A client is a key, the subject of a token, or an address. `pixels` are "
                + "those that are decoded and made; `failures` are credentials that are not valid, by address; "
                + "`failures=off` lifts that limit. See docs/security.md"),
        Setting(
            "TRUSTED_PROXIES", \.trustedProxies, .networks,
            "addresses and networks of proxies, such as `10.0.0.0/8,fd00::/8`. If the peer is one of them, the client is "
                + "the right-most address in `X-Forwarded-For`, else in `Forwarded`, that is none of them"),
        Setting(
            "PROXY_PROTOCOL", \.proxyProtocol, .flag,
            "every connection from TRUSTED_PROXIES begins with a header of the PROXY protocol, version 2, which names the "
                + "client; without it the connection is closed. Connections from others have none"),
        Setting(
            "CORS_ORIGINS", \.corsOrigins, .origins,
            "origins whose pages may use the server from their scripts, with commas between them: "
                + "`https://shop.example,http://localhost:3000`; `*`: every page may read what everybody may read"),
        Setting(
            "UNSAFE_ALLOW_ANONYMOUS_WRITES", \.unsafeAllowAnonymousWrites, .flag,
            "**dangerous**: everybody who reaches the listener may store, change and delete, if no "
                + "credential is configured. Without it and without credentials the server starts on loopback only, and "
                + "takes no write that came through a proxy or from a foreign Origin"
        ),
    ]

    private static let logging = [
        Setting(
            "LOG_LEVEL", \.logLevel, .choice, "`trace`, `debug`, `info`, `notice`, `warning`, `error`, `critical`"),
        Setting("LOG_FORMAT", \.logFormat, .choice, "`text`, or `json` for containers"),
        Setting(
            "AUDIT_LOG", \.auditLog, .optional(.choice), default: "on with credentials",
            "`on`: a line with the label `tintype.audit` for each write, each rejection (401, 403, 429) and each use of "
                + "`admin`, whatever LOG_LEVEL is; `off`: none. On by default if keys, tokens or signing keys are set"),
    ]
}
