import NIOCore
import ObjectStorage
import S3Storage
import TestServers
import Testing

@Suite struct ProbeTests {
    @Test(.enabled(if: hasSeaweedFS))
    func seaweedFS() async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let clock = ContinuousClock()
            let start = clock.now
            let report = try await storage.probe()
            print("PROBE", clock.now - start, report)
        }
    }
    @Test(.enabled(if: hasRclone))
    func rclone() async throws {
        try await Servers.withStorage(.rclone) { storage in
            let clock = ContinuousClock()
            let start = clock.now
            let report = try await storage.probe()
            print("PROBE rclone", clock.now - start, report)
        }
    }
}
