// swift-tools-version: 6.2
import PackageDescription

// The simulator of the memory cache. The policies that the server uses are links to its own files: so only they are
// built, with none of the server's dependencies. The ones that were tried beside them live here.
let package = Package(
    name: "cache",
    platforms: [.macOS(.v15)],
    targets: [
        .executableTarget(
            name: "cachesim",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    ]
)
