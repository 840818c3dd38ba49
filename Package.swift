// swift-tools-version: 6.2
import PackageDescription

/// CI builds with TINTYPE_STRICT=1, so a warning is an error there. Users with a newer compiler are not affected.
let strict = Context.environment["TINTYPE_STRICT"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])

/// For targets whose generic types and functions other targets use: those compile them for their own types.
let specialized = swiftSettings + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

let package = Package(
    name: "tintype",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tintype", targets: ["tintype"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // The basic types that all targets use: formats, sizes, orientation, the rendition request and its canonical
        // text. Imports nothing, so that every other target may import it.
        .target(name: "ImageModel", path: "Sources/Base/ImageModel", swiftSettings: swiftSettings),

        // Support for tasks: a list of waiting tasks, one flight per key, locks by key, background tasks, the executor
        // of a request, the clock as a value.
        .target(
            name: "TaskSupport",
            dependencies: [
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/Base/TaskSupport", swiftSettings: specialized),

        // Text forms of values: hexadecimal, base64url, percent-encoding, dates, classes of ASCII. Imports nothing from
        // the project.
        .target(name: "TextCoding", path: "Sources/Base/TextCoding", swiftSettings: specialized),

        // The few Linux calls that Swift's Glibc lacks, thin and prefixed. Independent of Swift.
        .target(name: "CLinux", path: "Sources/Storage/CLinux"),

        // A protocol for object stores: keys, ETags, conditions, errors; the local-file and in-memory stores.
        // Independent of images and HTTP. Must not import AsyncHTTPClient.
        .target(
            name: "ObjectStorage",
            dependencies: [
                "CLinux",
                "TaskSupport",
                "TextCoding",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/Storage/ObjectStorage",
            swiftSettings: swiftSettings
        ),

        // The distribution's libxml2, found by pkg-config. In the project only CXML uses it.
        .systemLibrary(
            name: "CLibXML2", path: "Sources/Storage/CLibXML2", pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"])]),

        // C, thin and prefixed, over libxml2's push parser: bytes in, a flat list of elements out, within limits; no
        // document types, entities, files or network. Independent of Swift and S3.
        .target(
            name: "CXML", dependencies: ["CLibXML2"], path: "Sources/Storage/CXML",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])]),

        // HTTP requests to other servers, with deadlines and limits. The only importer of AsyncHTTPClient.
        .target(
            name: "HTTPRequests",
            dependencies: [
                "TaskSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/Storage/HTTPRequests",
            swiftSettings: swiftSettings
        ),

        // ObjectStorage over the S3 protocol: signer, client, retry, multipart, probe. The only importer of CXML, so
        // that an S3 package could replace it one day.
        .target(
            name: "S3Storage",
            dependencies: [
                "CXML", "HTTPRequests", "ObjectStorage", "TaskSupport", "TextCoding",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/Storage/S3Storage",
            swiftSettings: swiftSettings
        ),

        // C, thin and prefixed, over libjpeg-turbo, libpng, libwebp, libavif and lcms2: the only place with setjmp. One
        // function per operation, memory in, memory out, a closed status enum. Independent of Swift.
        .target(
            name: "CImageCodecs", path: "Sources/Imaging/CImageCodecs",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])],
            linkerSettings: [
                .linkedLibrary("jpeg"), .linkedLibrary("png16"), .linkedLibrary("webp"), .linkedLibrary("webpdemux"),
                .linkedLibrary("webpmux"), .linkedLibrary("avif"), .linkedLibrary("lcms2"), .linkedLibrary("z"),
            ]
        ),

        // Bytes to pixels and back: probe, structural check, decode, encode, EXIF, ICC, lossless JPEG transforms.
        // The only importer of CImageCodecs. Synchronous; no NIO, no Foundation, no Logging.
        .target(
            name: "ImageCodecs",
            dependencies: ["CImageCodecs", "ImageModel"], path: "Sources/Imaging/ImageCodecs",
            swiftSettings: swiftSettings + [.strictMemorySafety()]
        ),

        // The inner loops of the resampler, in C because of vector instructions that are chosen at run time. Pure
        // arithmetic on memory that Rendering has measured: allocates nothing, includes only the C library.
        .target(
            name: "CRendering", path: "Sources/Imaging/CRendering",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])]),

        // Header + request + limits -> a plan (pure) -> an ordered list of named steps, and the resampling kernels.
        // No NIO, no Foundation, no Logging.
        .target(
            name: "Rendering",
            dependencies: ["CRendering", "ImageCodecs", "ImageModel"], path: "Sources/Imaging/Rendering",
            swiftSettings: swiftSettings
        ),

        // Bounded work: permits, byte budgets, deadlines, dedicated threads. Independent of images.
        .target(
            name: "Admission",
            dependencies: [
                "TaskSupport",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/Service/Admission",
            swiftSettings: swiftSettings
        ),

        // Data kept in memory: a byte-bounded cache, freshness, one flight per missing object. Independent of the
        // store.
        .target(
            name: "ImageCache",
            dependencies: [
                "CLinux",
                "ObjectStorage",
                "TaskSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/Service/ImageCache",
            swiftSettings: specialized
        ),

        // Who may do what: API keys, tokens, signed URLs. Judges bytes and claims; knows no HTTP status and no image.
        // The only importer of JWTKit.
        .target(
            name: "AccessControl",
            dependencies: [
                "HTTPRequests", "TaskSupport", "TextCoding",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Sources/Service/AccessControl",
            swiftSettings: swiftSettings
        ),

        // The use cases: upload, serve, render, rotate, delete, describe, list. No HTTP types, no S3 types.
        .target(
            name: "ImageService",
            dependencies: [
                "Admission", "ImageCache", "ImageCodecs", "ImageModel", "ObjectStorage", "Rendering", "TaskSupport",
                "TextCoding",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/Service/ImageService",
            swiftSettings: swiftSettings
        ),

        // What a URL and its header fields request: query, renditions, presets, Accept, client hints, conditions,
        // ranges. Pure: no NIO, no Logging.
        .target(
            name: "ImageRequests",
            dependencies: [
                "ImageCodecs", "ImageModel", "ObjectStorage", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            path: "Sources/HTTP/ImageRequests",
            swiftSettings: specialized
        ),

        // HTTP/1.1: connections, framing, limits, timeouts, graceful shutdown, the protocol of the fast path.
        // Independent of images, stores and problems: a responder answers.
        .target(
            name: "HTTPServer",
            dependencies: [
                "TaskSupport", "TextCoding",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/HTTP/HTTPServer",
            swiftSettings: swiftSettings
        ),

        // The API: routes, reading, writing, forms, problem+json, operations. The only place with status codes.
        .target(
            name: "ImageAPI",
            dependencies: [
                "AccessControl", "HTTPServer", "ImageCodecs", "ImageModel", "ImageRequests", "ImageService",
                "ObjectStorage", "TaskSupport", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Sources/HTTP/ImageAPI",
            swiftSettings: swiftSettings
        ),

        // Settings as values: every setting with its name, default, meaning and check; environment and YAML. A library
        // separate from the executable, so that tests and the docs check can read the table.
        .target(
            name: "TintypeSettings",
            dependencies: [
                "AccessControl", "ImageCodecs", "ImageModel", "ImageRequests", "TextCoding",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Sources/App/TintypeSettings",
            swiftSettings: swiftSettings
        ),

        // What the process reports about itself: the Prometheus backend of swift-metrics, the log handlers. Independent
        // of images, storage and HTTP. Imports no NIO and no Foundation.
        .target(
            name: "Telemetry",
            dependencies: [
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/App/Telemetry",
            swiftSettings: swiftSettings
        ),

        // Commands, logging, composition root: the only reader of the environment. main is thin.
        .executableTarget(
            name: "tintype",
            dependencies: [
                "AccessControl", "Admission", "HTTPServer", "ImageAPI", "ImageCodecs", "ImageRequests", "ImageService",
                "ObjectStorage", "S3Storage", "Telemetry", "TextCoding", "TintypeSettings",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/App/tintype",
            swiftSettings: swiftSettings
        ),

        // Tests mirror the targets. Code that several of them share is in the libraries at the end.
        .testTarget(name: "ImageModelTests", dependencies: ["ImageModel"], swiftSettings: swiftSettings),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: [
                "CLinux", "ObjectStorage", "StorageConformance", "StorageCrasher", "TestClock", "TextCoding",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "HTTPRequestsTests",
            dependencies: [
                "HTTPRequests", "TestClock", .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "S3StorageTests",
            dependencies: [
                "ObjectStorage", "S3Storage", "StorageConformance", "TaskSupport", "TestClock", "TestServers",
                "TextCoding",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ImageCodecsTests", dependencies: ["ImageCodecs", "ImageModel"], swiftSettings: swiftSettings),
        .testTarget(
            name: "RenderingTests", dependencies: ["CRendering", "ImageCodecs", "ImageModel", "Rendering"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "AdmissionTests", dependencies: ["Admission", "TaskSupport", "TestClock"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ImageCacheTests",
            dependencies: [
                "ImageCache", "ObjectStorage", "TaskSupport", "TestClock",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "AccessControlTests",
            dependencies: [
                "AccessControl", "TaskSupport", "TestClock", "TextCoding",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ImageServiceTests",
            dependencies: [
                "Admission", "ImageCache", "ImageCodecs", "ImageModel", "ImageService", "ObjectStorage", "TaskSupport",
                "TestClock", "TextCoding",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "TaskSupportTests",
            dependencies: [
                "TaskSupport", "TestClock", .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(name: "TextCodingTests", dependencies: ["TextCoding"], swiftSettings: swiftSettings),
        .testTarget(
            name: "ImageRequestsTests",
            dependencies: [
                "ImageModel", "ImageRequests", "ObjectStorage", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "HTTPServer", "TestListener",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ImageAPITests",
            dependencies: [
                "AccessControl", "Admission", "HTTPServer", "ImageAPI", "ImageCodecs", "ImageModel", "ImageRequests",
                "ImageService",
                "ObjectStorage", "TestClock", "TestListener", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "TintypeSettingsTests",
            dependencies: ["AccessControl", "ImageCodecs", "ImageRequests", "TintypeSettings"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "Telemetry", .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "TintypeTests",
            dependencies: [
                "tintype", "HTTPServer", "ImageAPI", "Telemetry",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),

        // The built binary over real sockets, on local files and on real S3 servers.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "ImageCodecs", "ImageModel", "ObjectStorage", "S3Storage", "TestServers", "TextCoding", "tintype",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            // Programs in other languages, which the documentation shows.
            exclude: ["SigningSnippets"],
            swiftSettings: swiftSettings
        ),

        // A listener for one test, and a client on a plain socket.
        .target(
            name: "TestListener",
            dependencies: [
                "HTTPServer",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/TestListener",
            swiftSettings: swiftSettings
        ),

        // A clock that only moves when it is told to.
        .target(
            name: "TestClock",
            dependencies: ["TaskSupport", .product(name: "NIOConcurrencyHelpers", package: "swift-nio")],
            path: "Tests/TestClock", swiftSettings: swiftSettings),

        // The guarantees of ObjectStorage, as checks that every store runs.
        .target(
            name: "StorageConformance",
            dependencies: ["ObjectStorage", "TextCoding", .product(name: "NIOCore", package: "swift-nio")],
            path: "Tests/StorageConformance",
            swiftSettings: swiftSettings
        ),

        // A separate process that writes to a folder; tests kill it or race against it.
        .executableTarget(
            name: "StorageCrasher",
            dependencies: ["ObjectStorage", .product(name: "NIOCore", package: "swift-nio")],
            path: "Tests/StorageCrasher",
            swiftSettings: swiftSettings
        ),

        // Real S3 servers, and a proxy that loses responses, for tests.
        .target(
            name: "TestServers",
            dependencies: [
                "ObjectStorage", "S3Storage", "TaskSupport", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/TestServers",
            swiftSettings: swiftSettings
        ),
    ],
    cLanguageStandard: .c11
)
