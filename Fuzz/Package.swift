// swift-tools-version: 6.2
import PackageDescription

/// Edge counters for libFuzzer, and AddressSanitizer, in all of our code. The distribution's codecs are not
/// instrumented.
let instrumented: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // The harness uses internal declarations: `@testable import` in a release build.
    .unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"]),
]

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The sources of the server itself, by symbolic links. They are compiled again with instrumentation, which is
        // not possible for a dependency on the package above.
        .target(name: "ImageModel", swiftSettings: instrumented),
        .target(
            name: "CImageCodecs",
            cSettings: [.unsafeFlags(["-O2", "-g", "-fsanitize=fuzzer-no-link,address"])],
            linkerSettings: [
                .linkedLibrary("jpeg"), .linkedLibrary("png16"), .linkedLibrary("webp"), .linkedLibrary("webpdemux"),
                .linkedLibrary("webpmux"), .linkedLibrary("avif"), .linkedLibrary("lcms2"), .linkedLibrary("z"),
            ]
        ),
        .target(
            name: "ImageCodecs", dependencies: ["CImageCodecs", "ImageModel"],
            swiftSettings: instrumented + [.strictMemorySafety()]
        ),
        .target(name: "CRendering", cSettings: [.unsafeFlags(["-O2", "-g", "-fsanitize=fuzzer-no-link,address"])]),
        .target(
            name: "Rendering", dependencies: ["CRendering", "ImageCodecs", "ImageModel"], swiftSettings: instrumented),
        .target(
            name: "TaskSupport", dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: instrumented),
        .target(name: "TextCoding", swiftSettings: instrumented),
        .target(name: "CLinux"),
        .target(
            name: "ObjectStorage",
            dependencies: [
                "CLinux", "TaskSupport", "TextCoding", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: instrumented),
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0"),
        .target(
            name: "CXML", dependencies: ["CLibXML2"],
            cSettings: [.unsafeFlags(["-O2", "-g", "-fsanitize=fuzzer-no-link,address"])]),
        .target(
            name: "HTTPRequests",
            dependencies: [
                "TaskSupport", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: instrumented),
        .target(
            name: "S3Storage",
            dependencies: [
                "CXML", "HTTPRequests", "ObjectStorage", "TaskSupport", "TextCoding",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: instrumented),
        .target(
            name: "ImageRequests",
            dependencies: [
                "ImageCodecs", "ImageModel", "ObjectStorage", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: instrumented),
        .target(
            name: "HTTPServer",
            dependencies: [
                "TaskSupport", "TextCoding", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: instrumented),
        // The checks of the parsers in these targets, and of the form parser of ImageAPI.
        .target(
            name: "Parsers",
            dependencies: [
                "HTTPServer", "ImageModel", "ImageRequests", "ObjectStorage", "S3Storage", "TextCoding",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: instrumented),
        // Counts allocations, so that the memory of an operation can be compared with the admitted memory.
        .target(name: "CMemoryMeter"),
        // One program for all targets: `fuzz TARGET CORPUS [libFuzzer options]`, `fuzz seed TARGET CORPUS`,
        // `fuzz measure FILE...`.
        .executableTarget(
            name: "fuzz", dependencies: ["CMemoryMeter", "ImageCodecs", "ImageModel", "Parsers", "Rendering"],
            swiftSettings: Array(instrumented.dropLast()),
            // gold, the default, fails on the debug information.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ],
    cLanguageStandard: .c11
)
