import NIOCore
import ObjectStorage
@testable import S3Storage
import TestServers
import Testing
@Suite struct ZScratch {
    @Test func times() async throws {
        let clock = ContinuousClock()
        let s0 = clock.now
        let server = try await S3TestServer.start(.seaweedFS)
        print("START", clock.now - s0)
        for _ in 0..<3 {
            let storage = try server.storage(bucket: "bkt-\(UInt16.random(in: 0...60000))")
            let s1 = clock.now
            try await storage.createBucket()
            let s2 = clock.now
            try await storage.prepare()
            print("BUCKET", s2 - s1, "PREPARE", clock.now - s2)
            await storage.background.wait()
            print("RACES", clock.now - s2, storage.capabilities)
            await storage.shutdown()
        }
        let storage = try server.storage()
        let key = try key("big")
        let data = ByteBuffer(repeating: 7, count: 1 << 20)
        for _ in 0..<3 { _ = try await storage.put(key, bytes: data, options: PutOptions()) }
        var s = clock.now
        for _ in 0..<50 { _ = try await storage.put(key, bytes: data, options: PutOptions()) }
        print("PUT 1MB", (clock.now - s) / 50)
        s = clock.now
        for _ in 0..<50 { _ = try await storage.get(key, options: GetOptions()).body.collect(upTo: 1 << 20) }
        print("GET 1MB", (clock.now - s) / 50)
        let part = ByteBuffer(repeating: 9, count: 8 << 20)
        s = clock.now
        let up = try await storage.beginUpload(key, options: UploadOptions())
        for _ in 0..<6 { try await up.uploadPart(part) }
        _ = try await up.complete(mode: .overwrite)
        print("UPLOAD 48MB", clock.now - s)
        s = clock.now
        var n = 0
        for try await c in try await storage.get(key, options: GetOptions()).body { n += c.readableBytes }
        print("GET 48MB", clock.now - s, n)
        await storage.shutdown()
    }
}
