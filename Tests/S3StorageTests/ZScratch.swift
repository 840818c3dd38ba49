import NIOCore
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

@Suite struct ZScratch {
    @Test func probeTimes() async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let clock = ContinuousClock()
            for _ in 0..<6 {
                let run = ProbeRun(storage)
                let s0 = clock.now
                let p = try await run.putSupport()
                let s1 = clock.now
                let c = try await run.completeSupport()
                let s2 = clock.now
                let d = try await run.deleteSupport()
                let s3 = clock.now
                let l = try await run.listing()
                let s4 = clock.now
                await run.cleanUp()
                print("PARTS", p, s1 - s0, c, s2 - s1, d, s3 - s2, l, s4 - s3, clock.now - s4)
                let start = clock.now
                let report = try await storage.probe()
                print("PROBE", clock.now - start, report.capabilities)
            }
        }
    }
}
