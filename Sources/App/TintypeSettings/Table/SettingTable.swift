extension Setting {
    /// Every setting, in the order of display.
    public static let all: [Setting] =
        listening + storage + s3 + uploads + rendering + renditions + caching + access + logging

    private static let tebibyte = 1 << 40

    private static let listening = [
        Setting("HOST", \.host, .host, "the address of the public listener and of the operations listener"),
        Setting("PORT", \.port, .port, "the public listener; 0 takes any free port"),
        Setting(
            "OPS_PORT", \.opsPort, .port,
            "the operations listener: `/livez`, `/readyz`, `/metrics`; 0 takes any free port"),
        Setting(
            "DRAIN_SECONDS", \.drain, .seconds(0...20),
            "how long connections are still taken after SIGTERM, unready; part of the 30 s in which the process ends"),
        Setting(
            "CLIENT_TIMEOUT_SECONDS", \.clientTimeout, .seconds(1...3600),
            "a client that sends nothing for so long while the server waits for it is cut off (408)"),
        Setting(
            "MIN_UPLOAD_RATE", \.minUploadRate, .rate,
            "bytes a second over the last 30 s in which the server waited for a body: a slower client is cut off (408). "
                + "At least 32 KiB/s are asked while others wait for the memory of uploads. 0: no limit"),
        Setting(
            "MIN_DOWNLOAD_RATE", \.minDownloadRate, .rate,
            "the same for an answer that a client leaves untaken, whose connection is then cut: 32 KiB/s while others "
                + "wait for the memory of answers. 0: no limit"),
        Setting(
            "ANSWER_MEMORY_BYTES", \.answerMemoryBytes, .bytes((16 << 20)...tebibyte),
            "what clients have not taken yet of renditions that the cache cannot hold, of originals that stream past it, "
                + "and of listings; what does not fit in time is 503. One client gets a quarter, or a single answer"),
    ]

    private static let storage = [
        Setting("STORAGE_TYPE", \.storageType, .choice, "`local` or `s3`"),
        Setting("LOCAL_STORAGE_PATH", \.localStoragePath, .path, "the folder of `local`"),
        Setting(
            "STORAGE_TIMEOUT_SECONDS", \.storageTimeout, .seconds(1...600),
            "for one storage operation, retries included; for a streamed body, each stretch without a byte"),
    ]

    private static let s3 = [
        Setting(
            "S3_ENDPOINT_URL", \.s3.endpoint, .optional(.origin), default: "AWS for the region",
            "MinIO, SeaweedFS, Ceph: `http://minio:9000`"),
        Setting("S3_BUCKET_NAME", \.s3.bucket, .optional(.bucketName), "needed by `s3`"),
        Setting(
            "S3_REGION", \.s3.region, .region, fallbacks: ["AWS_REGION", "AWS_DEFAULT_REGION"],
            "else `AWS_REGION`, `AWS_DEFAULT_REGION`"),
        Setting(
            "S3_ACCESS_KEY", \.s3.accessKey, .optional(.secret), isSecret: true,
            "else `AWS_ACCESS_KEY_ID`; a key pair is taken whole from the one or the other"),
        Setting(
            "S3_SECRET_KEY", \.s3.secretKey, .optional(.secret), isSecret: true, "else `AWS_SECRET_ACCESS_KEY`"),
        Setting(
            "S3_SESSION_TOKEN", \.s3.sessionToken, .optional(.secret), isSecret: true, "else `AWS_SESSION_TOKEN`"),
        Setting(
            "S3_USE_PATH_STYLE", \.s3.pathStyle, .optional(.flag), default: "true with an endpoint",
            "the bucket in the path rather than in the host name"),
        Setting("S3_CREATE_BUCKET", \.s3.createBucket, .flag, "create the bucket at start where it is missing"),
        Setting(
            "S3_PUBLIC_URL", \.s3.publicURL, .optional(.origin), default: "S3_ENDPOINT_URL",
            "the store as browsers reach it, for presigned URLs: no effect in this version, which makes none"),
        Setting(
            "S3_UPLOAD_SWEEP_SECONDS", \.s3.uploadSweepAge, .secondsOrNever(1...31_536_000),
            "own multipart uploads that are unfinished after so long are aborted; 0: never"),
        Setting(
            "S3_PROBE_MAX_AGE_SECONDS", \.s3.probeMaxAge, .seconds(0...31_536_000),
            "what was found out about the store's conditional writes is kept in the bucket and counts so long; 0: found "
                + "out anew at each start"),
    ]

    private static let uploads = [
        Setting("CDN_URL", \.cdnURL, .optional(.url), "base of the `url` in metadata"),
        Setting("MAX_UPLOAD_BYTES", \.maxUploadBytes, .bytes(1...(64 << 30)), "the largest upload (413)"),
        Setting(
            "UPLOAD_MEMORY_BYTES", \.uploadMemoryBytes, .bytes((16 << 20)...tebibyte),
            "the buffers of all uploads together; at least two parts of 8 MiB"),
        Setting(
            "MAX_IMAGE_PIXELS", \.maxImagePixels, .number(1...4_294_836_225),
            "judged from the header, before any pixel is decoded (422)"),
        Setting(
            "MAX_IMAGE_FRAMES", \.maxImageFrames, .number(1...1_000_000), "pictures in an animation (422)"),
        Setting(
            "MAX_PROFILE_BYTES", \.maxProfileBytes, .bytes(1024...(64 << 20)),
            "of an embedded ICC profile, inflated (422)"),
        Setting(
            "MAX_JPEG_SCANS", \.maxJPEGScans, .number(1...10_000),
            "scans of a progressive JPEG, each of which may cost a pass over the picture (422)"),
        Setting(
            "MAX_IMAGE_CHUNKS", \.maxImageChunks, .number(100...10_000_000),
            "segments of a JPEG's header, chunks of a PNG or WebP, boxes of an AVIF (422). Texts are never inflated"),
        Setting(
            "UPLOAD_METADATA", \.uploadMetadata, .choice,
            "what becomes of the metadata in uploads: `keep`, `drop-location` (GPS), or `drop-all` (EXIF, XMP, IPTC, "
                + "comments); pixels, profile and orientation stay. See docs/formats.md for what it costs"),
    ]

    private static let rendering = [
        Setting(
            "RENDER_MEMORY_BYTES", \.renderMemoryBytes, .bytes((16 << 20)...tebibyte),
            "decoded bytes at once; what alone needs more is 422, not 503"),
        Setting(
            "RENDER_THREADS", \.renderThreads, .optional(.number(1...256)), default: "one for each core",
            "threads that decode, transform and encode. What takes longer than a quarter of a second has as many of its own, "
                + "which give way to these"),
        Setting(
            "RENDER_QUEUE", \.renderQueue, .number(0...65_536),
            "how many renditions may wait for a permit; one more is 503"),
        Setting(
            "RENDER_QUEUE_SECONDS", \.renderQueueTimeout, .seconds(1...600),
            "how long one may wait there (503). What by the recent pace would wait more than half of that is 503 at once"
        ),
        Setting(
            "RENDER_TIMEOUT_SECONDS", \.renderTimeout, .seconds(1...3600),
            "how long one may take once it has its thread (422)"),
        Setting(
            "MAX_ANIMATION_PIXELS", \.maxAnimationPixels, .number(1...100_000_000_000),
            "frames times pixels of an animation that is rendered (422); storing and serving one is not limited by it"),
    ]

    private static let renditions = [
        Setting(
            "PRESETS", \.presets, .presets,
            "renditions with a name, for `?preset=NAME`: `thumb:w=200&h=200&fit=cover,card:w=800`; in the file a "
                + "mapping. See docs/configuration.md"),
        Setting(
            "RENDITION_MODE", \.renditionMode, .choice,
            "`any`, or `presets`: only `?preset=NAME` may be asked for, beside it `dpr` of 1, 2, 3 or 4 (403)"),
        Setting(
            "RENDITION_SIZES", \.renditionSizes, .numbers(1...8192),
            "pixels, such as `160,320,640,1280`: `w` and `h`, times `dpr`, become the next larger one, or the largest; "
                + "a box that is filled keeps its proportions. Without it every size may be asked for"),
        Setting(
            "RENDITION_STORE", \.renditionStore, .flag,
            "renditions are kept in the store, for every replica and over restarts; they go with their original"),
        Setting(
            "RENDITION_STORE_LIMIT", \.renditionStoreLimit, .number(1...1000),
            "how many are kept of one version of an image; what else is asked for is rendered each time memory lacks it"
        ),
        Setting(
            "RENDITION_LEASE_SECONDS", \.renditionLease, .seconds(0...60),
            "a replica waits so long for another one that renders the same; 0: it does not, and each may render it once"
        ),
        Setting(
            "INTERMEDIATE_SIDE", \.intermediateSide, .number(0...8192),
            "longer side of the intermediate, in pixels. It is kept of a large original if that pays, and renditions of "
                + "half its size or less are made of it; 0: none. Needs `RENDITION_STORE`"),
        Setting("INTERMEDIATE_QUALITY", \.intermediateQuality, .number(1...100), "JPEG quality of the intermediate"),
        Setting(
            "CLIENT_HINTS", \.clientHints, .hints,
            "what stands in for parameters that a rendition's URL does not have: `dpr` (Sec-CH-DPR), `width` "
                + "(Sec-CH-Width), `save-data` (Save-Data lowers the default quality by 20). See docs/http.md"),
    ]

    private static let caching = [
        Setting(
            "CACHE_MEMORY_BYTES", \.cacheMemoryBytes, .bytes(0...tebibyte),
            "byte budget of the memory cache, overheads counted; 0 keeps nothing"),
        Setting(
            "CACHE_REVALIDATE_SECONDS", \.cacheRevalidate, .seconds(0...86_400),
            "the staleness bound between replicas"),
        Setting(
            "CACHE_STALE_SECONDS", \.cacheStale, .seconds(0...31_536_000),
            "how long old answers may stand in while storage is away; 0: never"),
        Setting(
            "CACHE_CONTROL", \.cacheControl, .headerValue,
            "on unversioned URLs: kept by browsers, asked each time (304); raise it where a CDN in front is purged"),
    ]

    private static let access = [
        Setting(
            "UNSAFE_ALLOW_ANONYMOUS_WRITES", \.unsafeAllowAnonymousWrites, .flag,
            "**dangerous**: anybody who reaches the listener may store, change and delete. Without it the server "
                + "starts on loopback only, and there takes no write that came through a proxy or from a foreign Origin"
        )
    ]

    private static let logging = [
        Setting(
            "LOG_LEVEL", \.logLevel, .choice, "`trace`, `debug`, `info`, `notice`, `warning`, `error`, `critical`"),
        Setting("LOG_FORMAT", \.logFormat, .choice, "`text`, or `json` for containers"),
    ]
}
