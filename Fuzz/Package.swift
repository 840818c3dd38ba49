// swift-tools-version: 6.2
import PackageDescription

/// Edge counters for libFuzzer, and AddressSanitizer, in everything of ours; the distribution's codecs stay as they are.
let instrumented: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(["-sanitize=fuzzer,address"]),
]

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        // ByteBuffer is what the form parser is fed.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Client hints stand in header fields.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // The sources of the server itself, by symbolic links: they are compiled anew with instrumentation, which a
        // dependency on the package above could not be.
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
        // Of ImageAPI the parsers only, file by file: the whole would bring Hummingbird, and minutes of compiling.
        .target(
            name: "Parsers",
            dependencies: [
                "ImageModel", "ObjectStorage", .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                // The parser that the server's own readers are held against.
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: instrumented
        ),
        // Of the stores what reads the bytes of a store, file by file for the same reason.
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0"),
        .target(
            name: "CXML", dependencies: ["CLibXML2"],
            cSettings: [.unsafeFlags(["-O2", "-g", "-fsanitize=fuzzer-no-link,address"])]),
        .target(
            name: "ObjectStorage", dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: instrumented),
        .target(
            name: "S3Documents",
            dependencies: [
                "CXML", "ObjectStorage", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: instrumented),
        // Counts allocations, so that what an operation takes can be held against what it was admitted for.
        .target(name: "CMemoryMeter"),
        // One program for all targets: `fuzz TARGET CORPUS [libFuzzer options]`, `fuzz seed TARGET CORPUS`,
        // `fuzz measure FILE...`.
        .executableTarget(
            name: "fuzz", dependencies: ["CMemoryMeter", "ImageCodecs", "ImageModel", "Parsers", "Rendering", "S3Documents"],
            swiftSettings: Array(instrumented.dropLast()),
            // gold, the default, stumbles over the debug information.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ],
    cLanguageStandard: .c11
)
