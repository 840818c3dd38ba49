import Foundation
import ImageCodecs
import ImageModel
import Testing

extension EndToEnd {
    @Suite("Presets and limits of renditions, over real sockets", .serialized)
    struct PresetTests {
        private static let presets = "thumb:w=60&h=40&fit=cover&gravity=0.3,0.7&format=webp,card:w=80"

        private func size(_ answer: HTTP.Answer) throws -> PixelSize {
            try ImageHeader.read(answer.bytes.span.bytes, limits: CodecLimits()).size
        }

        private func code(_ answer: HTTP.Answer) throws -> String? { try answer.object()["code"] as? String }

        private func start(_ store: some BackendStore, _ settings: [String: String]) async throws -> TintypeServer {
            let server = try await TintypeServer.start(
                store.environment.merging(["PRESETS": Self.presets]) { $1 }.merging(settings) { $1 })
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 320, height: 240))
            return server
        }

        @Test("A preset and its parameters are one cache entry and one ETag")
        func oneEntry() async throws {
            let store = try LocalFolder()
            let server = try await start(store, [:])
            let named = try await HTTP.get(server.image("p.jpg", "preset=thumb"))
            #expect(named.status == 200, "\(named.text)")
            #expect(named.header("Content-Type") == "image/webp")
            #expect(try size(named) == PixelSize(width: 60, height: 40))
            let spelled = try await HTTP.get(
                server.image("p.jpg", "h=20&w=30&dpr=2&fit=cover&gravity=0.3,0.7&format=webp"))
            #expect(spelled.header("Cache-Status") == "tintype; hit")
            #expect(spelled.header("ETag") == named.header("ETag") && spelled.bytes == named.bytes)
            let tag = try #require(named.header("ETag"))
            #expect(try await HTTP.get(server.image("p.jpg", "preset=thumb"), [("If-None-Match", tag)]).status == 304)

            let narrower = try await HTTP.get(server.image("p.jpg", "preset=thumb&w=20&v=1"))
            #expect(try size(narrower) == PixelSize(width: 20, height: 40))
            // If the preset has no format, Accept decides, as for a query.
            #expect(try await HTTP.get(server.image("p.jpg", "preset=card")).header("Vary") == "Accept")
            #expect(named.header("Vary") == nil)

            for query in ["preset=nobody", "preset=", "preset=thumb&preset=thumb", "preset=thumb&w=0"] {
                let rejected = try await HTTP.get(server.image("p.jpg", query))
                #expect(rejected.status == 400, "\(query)")
                #expect(try code(rejected) == "bad_parameter")
                // An error shows no value of the query: it may be a secret in the wrong place.
                if query == "preset=nobody" { #expect(!rejected.text.contains("nobody")) }
            }
        }

        @Test("If only presets are allowed, everything else is 403, and originals are served")
        func onlyPresets() async throws {
            let store = try LocalFolder()
            let server = try await start(store, ["RENDITION_MODE": "presets"])
            let version = try #require(
                try await HTTP.get(server.metadata("p.jpg")).object()["version"] as? String)
            for (query, width) in [("preset=card", 80), ("preset=card&dpr=2", 160), ("preset=card&x=1", 80)] {
                #expect(try size(try await HTTP.get(server.image("p.jpg", query))).width == width, "\(query)")
            }
            let kept = try await HTTP.get(server.image("p.jpg", "preset=card&v=\(version)"))
            #expect(kept.header("Cache-Control") == "public, max-age=31536000, immutable")
            #expect(try await HTTP.get(server.image("p.jpg")).status == 200)
            #expect(try await HTTP.get(server.image("p.jpg", "v=\(version)")).status == 200)
            for query in ["w=80", "format=webp", "preset=card&w=81", "preset=card&dpr=1.5", "w=abc"] {
                let rejected = try await HTTP.get(server.image("p.jpg", query))
                #expect(rejected.status == 403, "\(query)")
                #expect(try code(rejected) == "rendition_not_allowed")
                #expect(rejected.header("Cache-Control") == "no-store")
                #expect(try await HTTP.head(server.image("p.jpg", query)).status == 403)
            }
            #expect(try await HTTP.get(server.image("p.jpg", "preset=nobody")).status == 400)
        }

        @Test("Sizes become the next larger one of the list, and share its entry")
        func sizes() async throws {
            let store = try LocalFolder()
            let server = try await start(store, ["RENDITION_SIZES": "40,160"])
            var tags: Set<String> = []
            for width in stride(from: 41, through: 161, by: 8) {
                let answer = try await HTTP.get(server.image("p.jpg", "w=\(width)"))
                #expect(try size(answer) == PixelSize(width: 160, height: 120), "\(width)")
                tags.insert(answer.header("ETag") ?? "")
            }
            #expect(tags.count == 1)
            for (query, width, height) in [
                ("w=1", 40, 30), ("w=20&dpr=2", 40, 30), ("w=21&dpr=2", 160, 120), ("h=8000", 213, 160),
                ("w=20&h=10&fit=cover", 40, 20), ("w=3000&h=3000&fit=cover", 160, 160), ("preset=thumb", 160, 107),
            ] {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(try size(answer) == PixelSize(width: width, height: height), "\(query)")
            }
        }

        @Test("Wrong presets stop the start with exit code 78, each with its reason; right ones are printed")
        func settings() async throws {
            let wrong = try config(
                ["PORT": "x", "PRESETS": "thumb:w=0,a b:w=1,other:width=3,card:w=800"], yaml: nil)
            #expect(wrong.exitCode == 78)
            for text in ["4 settings are wrong", "PORT", "thumb", "parameter w must", "\"a b\"", "\"width\""] {
                #expect(wrong.errors.contains(text), "\(wrong.errors)")
            }
            #expect(!wrong.errors.contains("card"))
            let file = try config([:], yaml: "presets:\n  t: {w: 1, bg: \"#fff\"}\n  u: {h: 0}\n")
            #expect(file.exitCode == 78)
            #expect(file.errors.contains("PRESETS, u is \"h=0\"") && file.errors.contains("1 setting is wrong"))
            let right = try config([:], yaml: "presets:\n  t: {w: 1, bg: \"#fff\"}\nrenditionSizes: [2, 1]\n")
            #expect(right.exitCode == 0)
            #expect(
                right.output.contains("PRESETS=t:w=1&bg=%23fff\n") && right.output.contains("RENDITION_SIZES=1,2\n"))
        }

        /// The output of `tintype config` for these settings.
        private func config(
            _ environment: [String: String], yaml: String?
        ) throws -> Command {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tintype-\(UUID()).yaml")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data((yaml ?? "").utf8).write(to: file)
            return try Command.run(["config", "--config", file.path], environment)
        }
    }
}
