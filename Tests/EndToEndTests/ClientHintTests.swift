import ImageCodecs
import ImageModel
import Testing

extension EndToEnd {
    @Suite("Client hints, over real sockets", .serialized)
    struct ClientHintTests {
        private func width(_ answer: HTTP.Answer) throws -> Int {
            try ImageHeader.read(answer.bytes.span.bytes, limits: CodecLimits()).size.width
        }

        /// Entries in memory stay fresh for the whole test.
        private static let all = ["CLIENT_HINTS": "dpr,width,save-data", "CACHE_REVALIDATE_SECONDS": "600"]

        private func start(_ store: LocalFolder, _ settings: [String: String]) async throws -> TintypeServer {
            let server = try await TintypeServer.start(store.environment.merging(settings) { $1 })
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 640, height: 480))
            return server
        }

        @Test("Hints act like parameters, and share their cache entries")
        func standIn() async throws {
            let store = try LocalFolder()
            let server = try await start(store, Self.all)
            let table: [(String, [(String, String)], String, Int)] = [
                ("w=100", [("Sec-CH-DPR", "2")], "w=200", 200), ("w=100", [("Sec-CH-DPR", "1.3")], "w=200", 200),
                ("w=100", [("Sec-CH-DPR", "none")], "w=100", 100), ("w=100", [("DPR", "2")], "w=100", 100),
                ("w=100&dpr=1", [("Sec-CH-DPR", "2")], "w=100", 100),
                ("fit=cover", [("Sec-CH-Width", "321"), ("Sec-CH-DPR", "2")], "w=321&fit=cover", 321),
                ("h=120", [("Sec-CH-Width", "321")], "h=120", 160),
                ("w=100", [("Save-Data", "on")], "w=100&q=60", 100),
                ("w=100&q=70", [("Save-Data", "on")], "w=100&q=70", 100),
            ]
            for (query, hints, same, pixels) in table {
                let answer = try await HTTP.get(server.image("p.jpg", query), hints)
                #expect(try width(answer) == pixels, "\(query) \(hints)")
                let spelled = try await HTTP.get(server.image("p.jpg", same))
                #expect(spelled.header("ETag") == answer.header("ETag"), "\(query) \(hints)")
                #expect(spelled.header("Cache-Status") == "tintype; hit", "\(query) \(hints)")
                #expect(spelled.bytes == answer.bytes)
                let tag = try #require(answer.header("ETag"))
                let known = try await HTTP.get(server.image("p.jpg", query), hints + [("If-None-Match", tag)])
                #expect(known.status == 304)
                #expect(known.header("Vary") == answer.header("Vary"))
            }
            let plain = try await HTTP.get(server.image("p.jpg", "w=100"))
            let saved = try await HTTP.get(server.image("p.jpg", "w=100"), [("Save-Data", "on")])
            #expect(saved.bytes.count < plain.bytes.count)
            #expect(plain.header("Vary") == "Accept, Sec-CH-DPR, Save-Data")
            #expect(plain.header("Accept-CH") == "Sec-CH-DPR")
            let free = try await HTTP.get(server.image("p.jpg", "fit=cover&format=jpeg"))
            #expect(free.header("Vary") == "Sec-CH-Width, Save-Data")
            #expect(free.header("Accept-CH") == "Sec-CH-Width")
            // The stored bytes have no hints, whatever the client sends.
            let original = try await HTTP.get(server.image("p.jpg"), [("Sec-CH-Width", "100"), ("Save-Data", "on")])
            #expect(try width(original) == 640)
            #expect(original.header("Vary") == nil && original.header("Accept-CH") == nil)
            let malformed = try await HTTP.get(server.image("p.jpg", "w=x"))
            #expect(malformed.status == 400)
            #expect(malformed.header("Vary") == "Accept, Sec-CH-DPR, Save-Data")
        }

        @Test("By default hints are ignored, not requested, and not in Vary")
        func off() async throws {
            let store = try LocalFolder()
            let server = try await start(store, [:])
            let answer = try await HTTP.get(
                server.image("p.jpg", "w=100"), [("Sec-CH-DPR", "2"), ("Sec-CH-Width", "300"), ("Save-Data", "on")])
            #expect(try width(answer) == 100)
            let plain = try await HTTP.get(server.image("p.jpg", "w=100"))
            #expect(answer.header("ETag") == plain.header("ETag"))
            #expect(answer.header("Vary") == "Accept")
            #expect(answer.header("Accept-CH") == nil)
        }

        @Test("Hints follow the list of sizes and the presets")
        func limits() async throws {
            let store = try LocalFolder()
            let sizes = try await start(store, Self.all.merging(["RENDITION_SIZES": "160,320"]) { $1 })
            #expect(
                try width(try await HTTP.get(sizes.image("p.jpg", "fit=cover"), [("Sec-CH-Width", "161")])) == 320)
            #expect(try width(try await HTTP.get(sizes.image("p.jpg", "w=50"), [("Sec-CH-DPR", "4")])) == 320)
            let presets = try await start(
                store, Self.all.merging(["RENDITION_MODE": "presets", "PRESETS": "card:w=50,plain:q=50"]) { $1 })
            let hints = [("Sec-CH-DPR", "2.5"), ("Sec-CH-Width", "123")]
            #expect(try width(try await HTTP.get(presets.image("p.jpg", "preset=card"), hints)) == 150)
            let plain = try await HTTP.get(presets.image("p.jpg", "preset=plain"), hints)
            #expect(try width(plain) == 640)
            #expect(plain.header("Vary") == "Accept")
            #expect(try await HTTP.get(presets.image("p.jpg", "w=50"), hints).status == 403)
        }
    }
}
