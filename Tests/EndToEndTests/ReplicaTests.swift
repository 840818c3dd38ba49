import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestServers
import Testing

extension EndToEnd {
    @Suite("Two replicas on one SeaweedFS", .serialized)
    struct ReplicaTests {
        @Test("Each replica serves what the other stores, and sees changes within the bound")
        func shared() async throws {
            let bucket = try await SeaweedBucket()
            let settings = bucket.environment.merging(["CACHE_REVALIDATE_SECONDS": "1"]) { $1 }
            let (first, second) = (try await TintypeServer.start(settings), try await TintypeServer.start(settings))
            let (one, two) = (try Pictures.jpeg(ofLength: 5000), try Pictures.jpeg(ofLength: 6000))
            #expect(try await HTTP.put(first.image("s.jpg"), one).status == 201)
            #expect(try await HTTP.get(second.image("s.jpg")).bytes == one)
            let replaced = try await HTTP.put(first.image("s.jpg"), two)
            #expect(replaced.status == 200)
            // A URL with the new version never returns the old image, although this replica only knows the old one.
            let url = try #require(try replaced.object()["url"] as? String)
            let versioned = try await HTTP.get(second.base + url)
            #expect(versioned.bytes == two)
            #expect(versioned.header("Cache-Control") == "public, max-age=31536000, immutable")
            #expect(try await HTTP.post(first.rotate("s.jpg"), json: #"{"degrees":90}"#).status == 200)
            try await Task.sleep(for: .milliseconds(1100))
            #expect(try Pictures.corner(of: try await HTTP.get(second.image("s.jpg")).bytes) == .topRight)
            #expect(try await HTTP.delete(first.image("s.jpg")).status == 204)
            try await Task.sleep(for: .milliseconds(1100))
            #expect(try await HTTP.get(second.image("s.jpg")).status == 404)
        }

        @Test("203 quarter rotations through both replicas: three remain, and none is lost")
        func rotations() async throws {
            let bucket = try await SeaweedBucket()
            let servers = [
                try await TintypeServer.start(bucket.environment), try await TintypeServer.start(bucket.environment),
            ]
            #expect(try await HTTP.put(servers[0].image("r.jpg"), try Pictures.jpeg()).status == 201)
            let rejected = try await Self.rotate("r.jpg", 203, servers)
            #expect(rejected == [])
            // 203 is 3 mod 4.
            let fresh = try await TintypeServer.start(bucket.environment)
            #expect(try Pictures.corner(of: try await HTTP.get(fresh.image("r.jpg")).bytes) == .bottomLeft)
        }

        /// Three at the same time per image. Five could bring the image back to the bytes that the first of them has
        /// read. The store then accepts its write, but the list of writes in it does not contain the others. If the
        /// response to one of those is lost, its outcome cannot be found out, and it is rejected with 409.
        @Test("Rotates through both replicas, with every third store response lost after the write: none is lost")
        func rotationsWithoutAnswers() async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            defer { proxy.stop() }
            let settings = bucket.environment(through: proxy.endpoint).merging(["STORAGE_TIMEOUT_SECONDS": "20"]) { $1 }
            let servers = [try await TintypeServer.start(settings), try await TintypeServer.start(settings)]
            let paths = (0..<3).map { "r\($0).jpg" }
            for path in paths { #expect(try await HTTP.put(servers[0].image(path), try Pictures.jpeg()).status == 201) }
            proxy.setPlan { $0.number % 3 == 0 ? .dropAnswer : .none }
            let rejected = try await withThrowingTaskGroup(of: [String].self) { group in
                for path in paths {
                    group.addTask {
                        var rejected: [String] = []
                        for _ in 0..<5 { rejected += try await Self.rotate(path, 3, servers) }
                        return rejected
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(rejected == [])
            proxy.setPlan { _ in .none }
            // 15 quarter rotations are 3 mod 4.
            let fresh = try await TintypeServer.start(bucket.environment)
            for path in paths {
                #expect(try Pictures.corner(of: try await HTTP.get(fresh.image(path)).bytes) == .bottomLeft, "\(path)")
            }
        }

        /// Concurrent quarter rotations, through each server in turn.
        ///
        /// - Returns: the responses that were not 200.
        private static func rotate(_ path: String, _ count: Int, _ servers: [TintypeServer]) async throws -> [String] {
            try await withThrowingTaskGroup(of: HTTP.Answer.self) { group in
                for index in 0..<count {
                    group.addTask {
                        try await HTTP.post(servers[index % servers.count].rotate(path), json: #"{"degrees":90}"#)
                    }
                }
                return try await group.reduce(into: []) { if $1.status != 200 { $0.append($1.text) } }
            }
        }

        @Test("Racing create-only uploads through both replicas, with responses lost: one winner, and it is complete")
        func creates() async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            let settings = bucket.environment(through: proxy.endpoint).merging(["STORAGE_TIMEOUT_SECONDS": "20"]) { $1 }
            let servers = [try await TintypeServer.start(settings), try await TintypeServer.start(settings)]
            for faulty in [false, true] {
                proxy.setPlan { faulty && $0.number % 3 == 0 ? .dropAnswer : .none }
                for round in 0..<3 {
                    let pictures = try (0..<16).map { try Pictures.jpeg(ofLength: 300_000, seed: UInt64($0 + round)) }
                    let path = "c/\(faulty)-\(round)"
                    let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                        for (index, picture) in pictures.enumerated() {
                            group.addTask {
                                let server = servers[index % 2]
                                return (
                                    index,
                                    try await HTTP.putHearing(server.image(path), picture, [("If-None-Match", "*")])
                                        .status
                                )
                            }
                        }
                        return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
                    }
                    let winners = statuses.filter { $0.value == 201 }.map(\.key)
                    #expect(winners.count == 1, "\(statuses)")
                    let fresh = try await TintypeServer.start(bucket.environment)
                    #expect(try await HTTP.get(fresh.image(path)).bytes == pictures[try #require(winners.first)])
                }
            }
            proxy.setPlan { _ in .none }
            proxy.stop()
        }
    }
}

extension EndToEnd {
    @Suite("A store that fails", .serialized)
    struct FailingStoreTests {
        @Test("A store that hangs: errors in time, cached reads, not ready, and automatic recovery")
        func hanging() async throws {
            let server = try await S3TestServer.start(.seaweedFS)
            defer { server.stop() }
            let bucket = try await SeaweedBucket(on: server)
            let tintype = try await TintypeServer.start(
                bucket.environment.merging(["STORAGE_TIMEOUT_SECONDS": "5", "CACHE_REVALIDATE_SECONDS": "1"]) { $1 })
            let bytes = try Pictures.jpeg()
            #expect(try await HTTP.put(tintype.image("cached.jpg"), bytes).status == 201)
            #expect(try await HTTP.put(tintype.image("cold.jpg"), bytes).status == 201)
            #expect(try await HTTP.get(tintype.image("cached.jpg")).bytes == bytes)
            try await Task.sleep(for: .milliseconds(1200))
            server.pause()
            let start = ContinuousClock.now
            async let write = HTTP.put(tintype.image("new.jpg"), bytes)
            async let parts = HTTP.put(tintype.image("large.jpg"), try Pictures.jpeg(ofLength: 9_000_000))
            async let rotate = HTTP.post(tintype.rotate("cached.jpg"), json: #"{"degrees":90}"#)
            async let delete = HTTP.delete(tintype.image("cold.jpg"))
            async let cold = HTTP.get(tintype.image("other.jpg"))
            let stale = try await HTTP.get(tintype.image("cached.jpg"))
            #expect(stale.status == 200)
            #expect(stale.bytes == bytes)
            #expect(stale.header("Cache-Control") == "no-cache")
            #expect(stale.header("Cache-Status")?.contains("storage-away") == true)
            for answer in [try await write, try await parts, try await rotate, try await delete, try await cold] {
                #expect([503, 504].contains(answer.status))
                #expect(answer.header("Retry-After") != nil)
            }
            // STORAGE_TIMEOUT_SECONDS, plus the delay of a busy machine.
            #expect(ContinuousClock.now - start < .seconds(9))
            #expect(try await HTTP.get("\(tintype.ops)/livez").status == 200)
            #expect(try await HTTP.get("\(tintype.ops)/readyz").status == 503)
            server.resume()
            try await tintype.waitUntilReady()
            #expect(
                try await HTTP.get(tintype.image("cached.jpg")).header("Cache-Status")?.contains("storage-away")
                    == false)
            #expect(try await HTTP.put(tintype.image("new.jpg"), bytes).status <= 201)
            // Rejected requests had no effect, and succeed now.
            let rotated = try await HTTP.post(tintype.rotate("cached.jpg"), json: #"{"degrees":90}"#)
            #expect(rotated.status == 200, "\(rotated.text)")
            #expect(try Pictures.corner(of: try await HTTP.get(tintype.image("cached.jpg")).bytes) == .topRight)
        }

        @Test("kill -9 of the store during writes: every image with a 2xx is complete afterwards")
        func killedStore() async throws {
            let server = try await S3TestServer.start(.seaweedFS)
            defer { server.stop() }
            let bucket = try await SeaweedBucket(on: server)
            let tintype = try await TintypeServer.start(
                bucket.environment.merging(["STORAGE_TIMEOUT_SECONDS": "3"]) { $1 })
            let acknowledged = try await withThrowingTaskGroup(of: [String: [UInt8]].self) { group in
                for writer in 0..<6 {
                    group.addTask {
                        var stored: [String: [UInt8]] = [:]
                        for round in 0..<30 {
                            let bytes = try Pictures.jpeg(
                                ofLength: 100_000 + writer * 1000 + round, seed: UInt64(writer * 100 + round))
                            let answer = try await HTTP.put(tintype.image("w/\(writer)-\(round)"), bytes)
                            if answer.status == 201 { stored["w/\(writer)-\(round)"] = bytes }
                            if answer.status >= 500 { break }
                        }
                        return stored
                    }
                }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(400))
                    server.kill()
                    return [:]
                }
                return try await group.reduce(into: [:]) { $0.merge($1) { $1 } }
            }
            #expect(!acknowledged.isEmpty)
            try await server.restart()
            try await tintype.waitUntilReady(seconds: 60)
            for (path, bytes) in acknowledged {
                #expect(try await HTTP.get(tintype.image(path)).bytes == bytes, "\(path)")
            }
        }

        @Test("kill -9 of the server during large uploads: nothing incomplete, and no upload left after the sweep")
        func killedServer() async throws {
            let bucket = try await SeaweedBucket()
            let settings = bucket.environment.merging(["S3_UPLOAD_SWEEP_SECONDS": "5"]) { $1 }
            let tintype = try await TintypeServer.start(settings)
            let bytes = try Pictures.jpeg(ofLength: 20_000_000)
            // The server is killed when some images are stored and most are still being sent.
            let countdown = NIOLockedValueBox(5)
            let acknowledged = await withTaskGroup(of: String?.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        let answer = try? await HTTP.put(tintype.image("k/\(index)"), bytes)
                        guard answer?.status == 201 else { return nil }
                        let isLast = countdown.withLockedValue { left in
                            left -= 1
                            return left == 0
                        }
                        if isLast { tintype.signal(SIGKILL) }
                        return "k/\(index)"
                    }
                }
                return await group.reduce(into: [String]()) { if let path = $1 { $0.append(path) } }
            }
            #expect((1..<50).contains(acknowledged.count))
            try await tintype.waitForExit(seconds: 10)
            let again = try await TintypeServer.start(settings)
            for path in acknowledged { #expect(try await HTTP.get(again.image(path)).bytes == bytes) }
            let items = try #require(try await HTTP.get(again.collection()).object()["items"] as? [[String: Any]])
            #expect(items.count >= acknowledged.count)
            #expect(items.allSatisfy { $0["bytes"] as? Int == bytes.count })
            let rest = try await bucket.remains { $0.hasPrefix("k/") }
            #expect(rest == [])
        }

        @Test("If the store breaks off a body, it is resumed or cut, and never ends as if it were complete")
        func brokenBodies() async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            let tintype = try await TintypeServer.start(bucket.environment(through: proxy.endpoint))
            let bytes = try Pictures.jpeg(ofLength: 12_000_000)
            #expect(try await HTTP.put(tintype.image("b.jpg"), bytes).status == 201)
            // Every response breaks off, each a megabyte further. The server resumes to the end.
            proxy.setPlan { _ in .cutBody(after: 1_000_000) }
            let resumed = try await HTTP.get(tintype.image("b.jpg"))
            #expect(resumed.status == 200)
            #expect(resumed.bytes == bytes)
            // Each response has so few bytes that the server gives up, and cuts the client's connection in the middle.
            proxy.setPlan { _ in .cutBody(after: 1000) }
            await #expect(throws: (any Error).self) { try await HTTP.get(tintype.image("b.jpg")) }
            proxy.setPlan { $0.number % 2 == 0 ? .cutBody(after: 1_000_000) : .none }
            #expect(try await HTTP.get(tintype.image("b.jpg")).bytes == bytes)
            proxy.setPlan { _ in .none }
            proxy.stop()
        }
    }
}
