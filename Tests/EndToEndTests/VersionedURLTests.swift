import Foundation
import TestServers
import Testing

extension EndToEnd {
    @Suite("URLs with a version, on two replicas", .serialized)
    struct VersionedURLTests {
        @Test("A replica without the new version sends one request to the store for all clients, then serves it")
        func unknownVersion() async throws {
            let bucket = try await SeaweedBucket()
            let proxy = try await FaultProxy.start(to: bucket.server.port)
            defer { proxy.stop() }
            // Without the version in the URL, the second replica would serve the old version for ten minutes.
            let long = ["CACHE_REVALIDATE_SECONDS": "600"]
            let first = try await TintypeServer.start(bucket.environment.merging(long) { $1 })
            let second = try await TintypeServer.start(
                bucket.environment(through: proxy.endpoint).merging(long) { $1 })
            let (one, two) = (try Pictures.jpeg(width: 200, height: 100), try Pictures.jpeg(width: 100, height: 200))
            func put(_ picture: [UInt8]) async throws -> String {
                let stored = try await HTTP.put(first.image("v.jpg"), picture).object()
                return try #require(stored["version"] as? String)
            }
            let old = try await put(one)
            #expect(try await HTTP.get(second.image("v.jpg")).bytes == one)
            let new = try await put(two)
            let stale = try await HTTP.get(second.image("v.jpg"))
            #expect(stale.bytes == one)
            #expect(stale.header("Cache-Status") == "tintype; hit")

            // The delay is long enough that all clients come while the first request to the store is running. Twice the
            // delay is still less than the second after which the server uses its old answer.
            proxy.setPlan { _ in .delay(.milliseconds(250)) }
            let asked = questions(proxy).count
            let answers = try await burst(second.image("v.jpg", "v=\(new)"))
            for answer in answers {
                #expect(answer.status == 200 && answer.bytes == two)
                #expect(answer.header("Cache-Control") == "public, max-age=31536000, immutable")
            }
            // One request for the version, and one for its bytes.
            #expect(Array(questions(proxy).dropFirst(asked)) == ["HEAD", "GET"])
            // A client that requests no version also gets the new one.
            #expect(try await HTTP.get(second.image("v.jpg")).bytes == two)

            // A page from before the write gets the present image, and nobody may cache it.
            let before = questions(proxy).count
            for answer in try await burst(second.image("v.jpg", "v=\(old)")) {
                #expect(answer.status == 200 && answer.bytes == two)
                #expect(answer.header("Cache-Control") == "no-cache")
                #expect(answer.header("Cache-Status") == "tintype; fwd=request; fwd-status=304")
            }
            // Clients that come during a request to the store wait together for the next one.
            #expect(questions(proxy).count - before <= 6)
        }

        @Test("Renditions too: the new image under a new URL, and never the old one as cacheable")
        func renditions() async throws {
            let bucket = try await SeaweedBucket()
            let settings = bucket.environment.merging(["CACHE_REVALIDATE_SECONDS": "600"]) { $1 }
            let first = try await TintypeServer.start(settings)
            let second = try await TintypeServer.start(settings)
            _ = try await HTTP.put(first.image("r.jpg"), try Pictures.jpeg())
            let old = try await HTTP.get(second.image("r.jpg", "w=48"))
            #expect(try Pictures.corner(of: old.bytes) == .topLeft)
            let rotated = try await HTTP.post(first.rotate("r.jpg"), json: #"{"degrees": 90}"#)
            let version = try #require(try rotated.object()["version"] as? String)
            #expect(try await HTTP.get(second.image("r.jpg", "w=48")).header("ETag") == old.header("ETag"))
            for query in ["w=48&v=\(version)", "w=40&v=\(version)"] {
                let answer = try await HTTP.get(second.image("r.jpg", query))
                #expect(try Pictures.corner(of: answer.bytes) == .topRight, "\(query)")
                #expect(answer.header("Cache-Control") == "public, max-age=31536000, immutable")
                #expect(answer.header("ETag") != old.header("ETag"))
            }
            // A tag of the old version does not make the new one "not modified".
            let tag = try #require(old.header("ETag"))
            #expect(
                try await HTTP.get(second.image("r.jpg", "w=48&v=\(version)"), [("If-None-Match", tag)]).status == 200)
        }

        /// The requests for the image that the store got.
        private func questions(_ proxy: FaultProxy) -> [String] {
            proxy.exchanges.filter { $0.uri.contains("v.jpg") }.map(\.method)
        }

        private func burst(_ url: String) async throws -> [HTTP.Answer] {
            try await withThrowingTaskGroup(of: HTTP.Answer.self) { group in
                for _ in 0..<50 { group.addTask { try await HTTP.get(url) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }
}
