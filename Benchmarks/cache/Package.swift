// swift-tools-version: 6.2
import PackageDescription

// The simulator of the memory cache. The policies that the server uses are links to the server's own files, so only
// these files are built, without the server's dependencies. The other policies of the comparison are here.
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
