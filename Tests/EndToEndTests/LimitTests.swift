import Foundation
import TestServers
import Testing

extension EndToEnd {
    @Suite("Rate limits", .serialized)
    struct LimitTests {
        private static func from(_ address: String) -> [(String, String)] {
            [("X-Forwarded-For", "203.0.113.9, \(address)")]
        }

        @Test("Each client behind a trusted proxy has its own limits; the ops port has none")
        func clients() async throws {
            let store = try await Backend.local.open()
            // The rates are so low that nothing comes back during the test.
            let server = try await TintypeServer.start(
                store.environment.merging([
                    "RATE_LIMITS": "reads=0.001/5,writes=0.001/2,pixels=0.001/1", "TRUSTED_PROXIES": "127.0.0.1,::1",
                    "UNSAFE_ALLOW_ANONYMOUS_WRITES": "true",
                ]) { $1 })
            let jpeg = try Pictures.jpeg()
            let image = server.image("a.jpg")
            for expected in [201, 200, 429] { #expect(try await HTTP.put(image, jpeg).status == expected) }
            // The first rendition is paid for by a debt, and the second one is too much.
            #expect(try await HTTP.get(image + "?w=16", Self.from("192.0.2.1")).status == 200)
            let rejected = try await HTTP.get(image + "?w=17", Self.from("192.0.2.1"))
            #expect(rejected.status == 429 && rejected.text.contains("rate_limited"))
            #expect(rejected.header("RateLimit-Policy") == #""pixels";q=1;w=1000"#)
            #expect(try await HTTP.get(image + "?w=16", Self.from("192.0.2.1")).status == 200)
            for _ in 0..<2 { #expect(try await HTTP.get(image, Self.from("192.0.2.1")).status == 200) }
            for _ in 0..<3 { #expect(try await HTTP.get(image, Self.from("192.0.2.1")).status == 429) }
            #expect(try await HTTP.get(image, Self.from("192.0.2.2")).status == 200)
            #expect(server.logText.contains(#""client.address":"192.0.2.1""#))
            var metrics = ""
            for _ in 0..<20 { metrics = try await HTTP.get(server.ops + "/metrics").text }
            for (kind, count) in [("reads", 3), ("writes", 1), ("pixels", 1), ("failures", 0)] {
                #expect(metrics.contains("tintype_rate_limited_total{kind=\"\(kind)\"} \(count)\n"), "\(kind)")
            }
        }

        @Test("An address cannot try credentials for ever, and a key that is known works on")
        func failures() async throws {
            let store = try await Backend.local.open()
            let secret = String(repeating: "k", count: 40)
            let server = try await TintypeServer.start(
                store.environment.merging(["API_KEYS": "shop:\(secret):read", "RATE_LIMITS": "failures=0.001/10"]) {
                    $1
                })
            let access = server.base + "/api/v1/access"
            func status(_ secret: String) async throws -> Int {
                try await HTTP.get(access, [("Authorization", "Bearer \(secret)")]).status
            }
            for number in 0..<10 { #expect(try await status("wrong-\(number)") == 401) }
            for number in 0..<5 { #expect(try await status("wrong-\(number)") == 429) }
            #expect(try await status(secret) == 200)
            // Lines are written in the background.
            for _ in 0..<100 where !server.logText.contains("rate_limited") {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(server.logText.contains("rate_limited") && !server.logText.contains("wrong-"))
        }
    }
}
