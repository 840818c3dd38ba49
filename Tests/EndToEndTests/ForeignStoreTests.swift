import TestServers
import Testing

extension EndToEnd {
    @Suite("Another server that responds in place of the store", .serialized)
    struct ForeignStoreTests {
        /// The page of a captive portal, or of a proxy whose error page has status 200, with all headers of an object.
        private static func page(_ type: String) -> Fault {
            .answer(
                status: 200,
                headers: [
                    "content-type": type, "etag": "\"5f-1\"", "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
                    "server": "nginx",
                ], body: "<html><body>Please sign in</body></html>")
        }

        @Test(
            "Images in memory are served, all else is 502, also the listing; later all works again without a restart",
            arguments: ["text/html", "application/octet-stream"])
        func portal(_ type: String) async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            defer { proxy.stop() }
            let tintype = try await TintypeServer.start(
                bucket.environment(through: proxy.endpoint).merging(["CACHE_REVALIDATE_SECONDS": "1"]) { $1 })
            let bytes = try Pictures.jpeg()
            for name in ["kept.jpg", "cold.jpg"] {
                #expect(try await HTTP.put(tintype.image(name), bytes).status == 201)
            }
            #expect(try await HTTP.get(tintype.image("kept.jpg")).bytes == bytes)
            try await Task.sleep(for: .milliseconds(1100))
            proxy.setPlan { _ in Self.page(type) }

            for _ in 0..<3 {
                let cached = try await HTTP.get(tintype.image("kept.jpg"))
                #expect(cached.status == 200 && cached.bytes == bytes)
                #expect(cached.header("Cache-Status")?.contains("storage-away") == true)
            }
            for url in [tintype.image("cold.jpg"), tintype.image("cold.jpg", "w=7"), tintype.collection("prefix=k")] {
                let answer = try await HTTP.get(url)
                #expect(answer.status == 502, "\(url)")
                #expect(answer.text.contains("storage_bad_answer"))
            }
            #expect(try await HTTP.put(tintype.image("new.jpg"), bytes).status >= 500)
            #expect(try await HTTP.get("\(tintype.ops)/readyz").status == 503)
            #expect(try await HTTP.get("\(tintype.ops)/metrics").text.contains("tintype_storage_away 1"))

            proxy.setPlan { _ in .none }
            try await tintype.waitUntilReady(seconds: 60)
            for name in ["kept.jpg", "cold.jpg"] {
                #expect(try await HTTP.get(tintype.image(name)).bytes == bytes)
            }
        }

        @Test(
            "If a store rejects a large body unread, its error is reported, and the store does not count as away",
            arguments: [
                (403, "AccessDenied", 502, "storage_denied"), (507, "XMinioStorageFull", 507, "storage_full"),
                (413, "EntityTooLarge", 507, "storage_full"), (503, "SlowDown", 503, "overloaded"),
            ])
        func rejection(_ status: Int, _ code: String, _ expected: Int, _ problem: String) async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            defer { proxy.stop() }
            let tintype = try await TintypeServer.start(bucket.environment(through: proxy.endpoint))
            // Bytes after the end of an image are stored with it.
            let bytes = try Pictures.jpeg()
            proxy.setPlan { exchange in
                exchange.method == "PUT" && exchange.uri.contains(".jpg")
                    ? .answerEarly(status: status, body: "<Error><Code>\(code)</Code></Error>") : .none
            }
            // In one piece, and in parts.
            for size in [6 << 20, 20 << 20] {
                let body = bytes + [UInt8](repeating: 0, count: size)
                let answer = try await HTTP.put(tintype.image("a.jpg"), body)
                #expect(answer.status == expected, "\(answer.text)")
                #expect(answer.text.contains("\"\(problem)\""))
                #expect((answer.header("Retry-After") != nil) == (expected == 503))
                #expect(try await HTTP.get("\(tintype.ops)/metrics").text.contains("tintype_storage_away 0"))
            }
        }
    }
}
