import NIOCore
import ObjectStorage
@testable import S3Storage
import TestServers
import Testing

@Suite struct ZScratch {
    @Test func probeTimes() async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let clock = ContinuousClock()
            for _ in 0..<4 {
                let start = clock.now
                let report = try await storage.probe()
                print("PROBE", clock.now - start, report.capabilities)
            }
            for i in 0..<6 {
                let run = ProbeRun(storage)
                let k = try run.key("zz/\(i)")
                let s1 = clock.now
                let c = try await run.raceCompletions(of: k, mode: .createOnly)
                let s2 = clock.now
                let e = try await run.currentETag(of: k)
                let r = try await run.raceCompletions(of: k, mode: .replace(e))
                print("COMPLETE", c.filter{$0 == .won}.count, r.filter{$0 == .won}.count, s2-s1, clock.now - s2)
                let p = try run.key("yy/\(i)")
                let s3 = clock.now
                _ = try await run.race { n throws(StorageError) in try await run.put(p, "x\(n)", mode: .createOnly) }
                print("PUT race", clock.now - s3)
                await run.cleanUp()
                print("cleanup")
            }
        }
    }
}
