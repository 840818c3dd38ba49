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
        // One program for all targets: `fuzz TARGET CORPUS [libFuzzer options]`, `fuzz seed TARGET CORPUS`.
        .executableTarget(
            name: "fuzz", dependencies: ["ImageCodecs", "ImageModel"], swiftSettings: Array(instrumented.dropLast()),
            // gold, the default, stumbles over the debug information.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ],
    cLanguageStandard: .c11
)
