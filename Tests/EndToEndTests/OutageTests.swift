import TestServers
import Testing

extension EndToEnd {
    @Suite("A store that goes away and comes back", .serialized)
    struct OutageTests {
        enum Way: Sendable {
            /// Connections are refused.
            case killed
            /// Connections are accepted, but no response is ever sent.
            case hung
        }

        @Test(
            "Images and renditions in memory are served, all else is 503 in time; later all works without a restart",
            arguments: [Way.killed, .hung])
        func outage(way: Way) async throws {
            let server = try await S3TestServer.start(.seaweedFS)
            defer { server.stop() }
            let bucket = try await SeaweedBucket(on: server)
            let tintype = try await TintypeServer.start(
                bucket.environment.merging(["STORAGE_TIMEOUT_SECONDS": "3", "CACHE_REVALIDATE_SECONDS": "1"]) { $1 })
            let bytes = try Pictures.jpeg()
            for name in ["kept.jpg", "cold.jpg"] {
                #expect(try await HTTP.put(tintype.image(name), bytes).status == 201)
            }
            #expect(try await HTTP.get(tintype.image("kept.jpg")).bytes == bytes)
            let rendition = try await HTTP.get(tintype.image("kept.jpg", "w=9&format=png"))
            #expect(rendition.status == 200)
            try await Task.sleep(for: .milliseconds(1100))
            switch way {
            case .killed: server.kill()
            case .hung: server.pause()
            }

            let start = ContinuousClock.now
            async let cold = HTTP.get(tintype.image("cold.jpg"))
            async let coldRendition = HTTP.get(tintype.image("cold.jpg", "w=7&format=png"))
            async let coldMetadata = HTTP.get(tintype.metadata("cold.jpg"))
            for _ in 0..<3 {
                let original = try await HTTP.get(tintype.image("kept.jpg"))
                #expect(original.bytes == bytes)
                let cached = try await HTTP.get(tintype.image("kept.jpg", "w=9&format=png"))
                #expect(cached.bytes == rendition.bytes)
                #expect(cached.header("ETag") == rendition.header("ETag"))
                // A rendition that was not made yet, from an original in memory.
                let made = try await HTTP.get(tintype.image("kept.jpg", "w=7&format=png"))
                for answer in [original, cached, made] {
                    #expect(answer.status == 200)
                    #expect(answer.header("Cache-Control") == "no-cache")
                    #expect(answer.header("Cache-Status")?.contains("storage-away") == true)
                }
            }
            for answer in [try await cold, try await coldRendition, try await coldMetadata] {
                #expect([503, 504].contains(answer.status))
                #expect(answer.header("Retry-After") != nil)
                #expect(answer.header("Cache-Control") == "no-store")
            }
            // STORAGE_TIMEOUT_SECONDS, plus the delay of a busy machine.
            #expect(ContinuousClock.now - start < .seconds(9))
            let away = try await HTTP.get("\(tintype.ops)/metrics").text
            #expect(away.contains(#"tintype_cache_answers_total{result="stale",route="image"} 9"#), "\(away)")
            #expect(away.contains("tintype_storage_away 1"))

            switch way {
            case .killed: try await server.restart()
            case .hung: server.resume()
            }
            try await tintype.waitUntilReady(seconds: 60)
            for name in ["kept.jpg", "cold.jpg"] {
                let answer = try await HTTP.get(tintype.image(name))
                #expect(answer.bytes == bytes)
                #expect(answer.header("Cache-Status")?.contains("storage-away") == false)
            }
            #expect(try await HTTP.get(tintype.image("cold.jpg", "w=7&format=png")).status == 200)
            #expect(try await HTTP.get("\(tintype.ops)/metrics").text.contains("tintype_storage_away 0"))
        }
    }
}
