// swift-tools-version: 6.2
import PackageDescription

// The driver of the measurements. The engine's targets are links to those of the package above, so only they are built,
// without the server's dependencies.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "imaging",
    platforms: [.macOS(.v15)],
    targets: [
        .target(name: "ImageModel", swiftSettings: swiftSettings),
        .target(
            name: "CImageCodecs",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])],
            linkerSettings: [
                .linkedLibrary("jpeg"), .linkedLibrary("png16"), .linkedLibrary("webp"), .linkedLibrary("lcms2"),
                .linkedLibrary("avif"), .linkedLibrary("webpdemux"), .linkedLibrary("webpmux"), .linkedLibrary("z"),
            ]
        ),
        .target(
            name: "ImageCodecs", dependencies: ["CImageCodecs", "ImageModel"],
            swiftSettings: swiftSettings + [.strictMemorySafety()]),
        .target(name: "CRendering", cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])]),
        .target(
            name: "Rendering", dependencies: ["CRendering", "ImageCodecs", "ImageModel"], swiftSettings: swiftSettings),
        .executableTarget(
            name: "render", dependencies: ["ImageCodecs", "ImageModel", "Rendering"], swiftSettings: swiftSettings),
    ],
    cLanguageStandard: .c11
)
