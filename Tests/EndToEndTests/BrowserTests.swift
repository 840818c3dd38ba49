import Foundation
import NIOHTTP1
import Testing

extension EndToEnd {
    @Suite("Browsers and the audit log", .serialized)
    struct BrowserTests {
        private static let secret = "k-" + String(repeating: "7f3a", count: 12)
        private static let shop = "https://shop.example"
        private static let evil = "https://evil.example"
        private static let bearer = [("Authorization", "Bearer \(secret)")]

        private static func environment(_ changes: [String: String]) -> [String: String] {
            [
                "API_KEYS": "shop:\(secret):read write delete:a/,operator:\(secret)op:admin",
                "URL_SIGNING_KEYS": "k1:\(String(repeating: "s", count: 32))", "READ_ACCESS": "protected",
            ].merging(changes) { $1 }
        }

        @Test("A page of a listed origin uploads and reads; another page does neither, and embeds what is signed")
        func pages() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(
                Self.environment(
                    store.environment.merging(["CORS_ORIGINS": "\(Self.shop),http://localhost:3000"]) { $1 }))
            let image = server.image("a/p.jpg")
            let jpeg = try Pictures.jpeg()
            func preflight(_ method: String, _ origin: String, _ url: String = image) async throws -> HTTP.Answer {
                try await HTTP.send(
                    .OPTIONS, url,
                    headers: [
                        ("Origin", origin), ("Access-Control-Request-Method", method),
                        ("Access-Control-Request-Headers", "authorization,content-type"),
                    ])
            }
            for method in ["GET", "PUT", "DELETE", "POST"] {
                let fields = ["Authorization", "Content-Type"]
                let own = try await preflight(method, Self.shop)
                #expect(own.status == 204)
                #expect(FetchModel.maySend(method, fields, from: Self.shop, preflight: own) == true, "\(method)")
                let other = try await preflight(method, Self.evil)
                #expect(!FetchModel.maySend(method, fields, from: Self.evil, preflight: other), "\(method)")
            }
            let stored = try await HTTP.put(image, jpeg, Self.bearer + [("Origin", Self.shop)])
            #expect(stored.status == 201 && FetchModel.maySee(stored, from: Self.shop))
            #expect(stored.header("Access-Control-Expose-Headers")?.contains("ETag") == true)
            // From the store, then from memory.
            for _ in 0..<3 {
                for (origin, isListed) in [(Self.shop, true), (Self.evil, false), ("http://localhost:3000", true)] {
                    for (url, fields) in [(image, Self.bearer), (image + "?w=16", Self.bearer), (image, [])] {
                        let answer = try await HTTP.get(url, fields + [("Origin", origin)])
                        #expect(answer.status == (fields.isEmpty ? 401 : 200))
                        #expect(FetchModel.maySee(answer, from: origin) == isListed)
                        #expect(!FetchModel.mayEmbed(answer))
                        #expect(answer.header("Vary")?.contains("Origin") == true)
                        #expect(answer.headers["Set-Cookie"] == [])
                    }
                }
            }
            let made = try await HTTP.post(
                server.base + "/api/v1/signed-urls",
                json: #"{"path":"a/p.jpg","query":"download=my%20photo.jpg","expiresIn":60}"#, Self.bearer)
            let url = server.base + (try #require(try made.object()["url"] as? String))
            let signed = try await HTTP.get(url)
            #expect(signed.bytes == jpeg && FetchModel.mayEmbed(signed))
            #expect(signed.header("Content-Disposition") == #"attachment; filename="my photo.jpg""#)
            #expect(signed.header("Content-Security-Policy") == "default-src 'none'; sandbox")
            #expect(try await HTTP.get(url.replacingOccurrences(of: "my%20", with: "our")).status == 403)
            // A request that no reader of HTTP can take.
            let malformed = try await RawHTTP.exchange(port: server.port, "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(malformed.hasPrefix("HTTP/1.1 400") && malformed.contains("\r\nVary: Origin\r\n"))
            #expect(malformed.contains("nosniff\r\n") && malformed.contains("sandbox\r\n"))
        }

        @Test("A malformed origin stops the start with exit code 78", arguments: ["null", "https://a.example/", "*.b"])
        func wrongOrigins(_ text: String) throws {
            let start = try Command.run(["serve"], ["PORT": "0", "OPS_PORT": "0", "CORS_ORIGINS": text])
            #expect(start.exitCode == 78 && start.errors.contains("CORS_ORIGINS is \"\(text)\""), "\(start.errors)")
        }

        /// The lines of the audit log once there are so many; other lines may come later.
        private static func auditLines(_ server: TintypeServer, _ count: Int) async throws -> [[String: Any]] {
            let deadline = ContinuousClock.now + .seconds(20)
            while true {
                let lines = try server.logText.split(separator: "\n").compactMap { line in
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                }.filter { $0["logger"] as? String == "tintype.audit" }
                if lines.count >= count || .now > deadline { return lines }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        @Test("The audit log has its own label, whatever the level of the others is", arguments: Backend.all)
        func audit(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(
                Self.environment(store.environment))
            let image = server.image("a/p.jpg")
            let jpeg = try Pictures.jpeg()
            #expect(try await HTTP.put(image, jpeg, Self.bearer).status == 201)
            #expect(try await HTTP.put(image, jpeg + [0], Self.bearer).status == 200)
            #expect(try await HTTP.send(.POST, image + "/rotate?degrees=90", headers: Self.bearer).status == 200)
            #expect(try await HTTP.get(image, Self.bearer).status == 200)
            #expect(try await HTTP.delete(image, Self.bearer).status == 204)
            #expect(try await HTTP.put(server.image("b/p.jpg"), jpeg, Self.bearer).status == 403)
            #expect(try await HTTP.get(image).status == 401)
            let operate = [("Authorization", "Bearer \(Self.secret)op")]
            #expect(try await HTTP.get(server.base + "/api/v1/status", operate).status == 200)
            let lines = try await Self.auditLines(server, 7)
            func all(_ key: String) -> [String?] { lines.map { $0[key] as? String } }
            #expect(all("audit.kind") == ["write", "write", "write", "write", "rejection", "rejection", "admin"])
            #expect(all("audit.action").prefix(4) == ["upload", "upload", "rotate", "delete"])
            #expect(all("access.identity") == Array(repeating: "key:shop", count: 5) + [nil, "key:operator"])
            #expect(lines.map { $0["http.status"] as? Int } == [201, 200, 200, 204, 403, 401, 200])
            let (before, after) = (all("image.version.before"), all("image.version.after"))
            #expect(before[0] == nil && after[3] == nil && Array(before[1..<4]) == Array(after[0..<3]))
            #expect(Set(after[0..<3]).count == 3 && !after[0..<3].contains(nil))
            #expect(all("client.address").allSatisfy { $0 == "127.0.0.1" })
            #expect(all("request.id").allSatisfy { $0?.utf8.count == 16 })
            #expect(!server.logText.contains(Self.secret))
        }
    }
}
