import AsyncHTTPClient
import Foundation
import ImageModel
import NIOCore
import NIOHTTP1
import Testing

extension EndToEnd {
    @Suite("Uploads by form", .serialized)
    struct FormTests {
        private struct Part {
            var name: String
            var filename: String?
            var content: [UInt8]
        }

        private func form(_ parts: [Part], closed: Bool = true) -> [UInt8] {
            var body: [UInt8] = []
            for part in parts {
                body += "--BOUNDARY\r\nContent-Disposition: form-data; name=\"\(part.name)\"".utf8
                if let filename = part.filename {
                    body += "; filename=\"\(filename)\"\r\nContent-Type: text/plain".utf8
                }
                body += "\r\n\r\n".utf8
                body += part.content + Array("\r\n".utf8)
            }
            return body + Array(closed ? "--BOUNDARY--\r\n".utf8 : "".utf8)
        }

        private func post(
            _ server: TintypeServer, _ body: [UInt8], _ headers: [(String, String)] = []
        ) async throws -> HTTP.Answer {
            try await HTTP.send(
                .POST, server.collection(),
                headers: [("Content-Type", "multipart/form-data; boundary=BOUNDARY")] + headers,
                body: .bytes(ByteBuffer(bytes: body)))
        }

        /// A form with a path overwrote the stored image, whatever its conditions were.
        @Test("Conditions hold for a form with a path as for PUT", arguments: Backend.all)
        func conditions(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let (first, second) = (try Pictures.jpeg(), try Pictures.jpeg(ofLength: 20_000))
            func send(_ bytes: [UInt8], _ headers: [(String, String)]) async throws -> HTTP.Answer {
                try await post(
                    server,
                    form([
                        Part(name: "path", content: Array("p.jpg".utf8)),
                        Part(name: "f", filename: "a", content: bytes),
                    ]), headers)
            }
            #expect(try await send(first, [("If-Match", "*")]).status == 412)
            #expect(try await HTTP.get(server.image("p.jpg")).status == 404)
            #expect(try await send(first, [("If-None-Match", "*")]).status == 201)
            let etag = try #require(try await HTTP.head(server.image("p.jpg")).header("ETag"))
            for condition in [("If-None-Match", "*"), ("If-Match", "\"other\""), ("If-Match", "W/\(etag)")] {
                let answer = try await send(second, [condition])
                #expect(answer.status == 412, "\(condition): \(answer.text)")
                #expect(try answer.object()["code"] as? String == "precondition_failed")
            }
            for condition in [
                ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), ("If-None-Match", etag),
            ] {
                #expect(try await send(second, [condition]).status == 400, "\(condition)")
            }
            #expect(try await HTTP.get(server.image("p.jpg")).bytes == first)
            #expect(try await send(second, [("If-Match", etag)]).status == 201)
            #expect(try await HTTP.get(server.image("p.jpg")).bytes == second)
        }

        @Test("If the server chooses the name, conditions are rejected and nothing is stored")
        func conditionsWithoutAPath() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            let file = Part(name: "f", filename: "a", content: try Pictures.jpeg())
            let prefix = Part(name: "prefix", content: Array("x".utf8))
            for parts in [[file], [file, file], [prefix, file]] {
                for condition in [("If-None-Match", "*"), ("If-Match", "*"), ("If-Match", "\"a\"")] {
                    let answer = try await post(server, form(parts), [condition])
                    #expect(answer.status == 400, "\(answer.text)")
                    #expect(try answer.object()["code"] as? String == "bad_request")
                }
            }
            #expect(try await store.remains() == [])
        }

        /// Latin-1, windows-1251 and Shift_JIS, and a name that contains quotes.
        @Test("The file name does not matter")
        func fileNames() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            for (number, name) in [
                [0x62, 0xe9] as [UInt8], [0xea, 0xee, 0xf2], [0x8e, 0xca, 0x90, 0x5e], [0x95, 0x5c],
                Array("a\"b".utf8),
            ].enumerated() {
                var body = Array("--BOUNDARY\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n".utf8)
                body += Array("n\(number).jpg\r\n".utf8)
                body += Array("--BOUNDARY\r\nContent-Disposition: form-data; name=\"f\"; filename=\"".utf8) + name
                body += Array("\"\r\n\r\n".utf8) + jpeg + Array("\r\n--BOUNDARY--\r\n".utf8)
                let answer = try await post(server, body)
                #expect(answer.status == 201, "\(name): \(answer.text)")
                #expect(try await HTTP.get(server.image("n\(number).jpg")).bytes == jpeg)
            }
            // Fields that decide where the file is stored are still strict.
            let path = Part(name: "path", content: [0x62, 0xe9])
            let answer = try await post(server, form([path, Part(name: "f", filename: "a", content: jpeg)]))
            #expect(answer.status == 400)
            #expect(try answer.object()["code"] as? String == "bad_path")
        }

        @Test("Files, good and bad", arguments: Backend.all)
        func files(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            let png = try Pictures.encode(width: 20, height: 10, format: .png)
            let two = try await post(
                server,
                form([
                    Part(name: "prefix", content: Array("in/box".utf8)),
                    Part(name: "f", filename: "x.txt", content: jpeg),
                    Part(name: "f", filename: "y.jpg", content: png), Part(name: "f", filename: "", content: []),
                ]))
            #expect(two.status == 201, "\(two.text)")
            let stored = try two.objects()
            #expect(stored.count == 2)
            let pattern = /in\/box\/[a-z2-7]{26}\.(jpg|png)/
            for (entry, bytes) in zip(stored, [jpeg, png]) {
                let path = try #require(entry["path"] as? String)
                #expect(try pattern.wholeMatch(in: path) != nil, "\(path)")
                #expect(try await HTTP.get(server.image(path)).bytes == bytes)
            }
            let single = try await post(server, form([Part(name: "f", filename: "a", content: jpeg)]))
            #expect(single.status == 201)
            #expect(try single.objects().count == 1)

            let mixed = try await post(
                server,
                form([
                    Part(name: "f", filename: "a", content: Array(jpeg.dropLast(20))),
                    Part(name: "f", filename: "b", content: jpeg),
                ]))
            #expect(mixed.status == 207)
            #expect(try mixed.objects().first?["code"] as? String == "truncated_image")
            #expect(try mixed.objects().last?["format"] as? String == "jpeg")

            let bad = try await post(
                server,
                form([Part(name: "f", filename: "a", content: Array("not a picture, really not one at all".utf8))]))
            #expect(bad.status == 415)
            #expect(try bad.object()["code"] as? String == "unsupported_image")

            let named = try await post(
                server,
                form([
                    Part(name: "path", content: Array("exact/name.jpg".utf8)),
                    Part(name: "f", filename: "a", content: jpeg),
                ]))
            #expect(named.status == 201)
            #expect(try await HTTP.get(server.image("exact/name.jpg")).bytes == jpeg)
        }

        @Test("A form that is rejected stores nothing", arguments: Backend.all)
        func rejected(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            let large = try Pictures.jpeg(ofLength: 10_000_000)
            let forms: [(String, [UInt8])] = [
                ("no file", form([Part(name: "prefix", content: Array("x".utf8))])),
                (
                    "a field after a file",
                    form([Part(name: "f", filename: "a", content: jpeg), Part(name: "prefix", content: [0x78])])
                ),
                (
                    "two files for one path",
                    form([
                        Part(name: "path", content: Array("p".utf8)), Part(name: "f", filename: "a", content: jpeg),
                        Part(name: "f", filename: "b", content: jpeg),
                    ])
                ),
                (
                    "prefix and path",
                    form([
                        Part(name: "path", content: [0x70]), Part(name: "prefix", content: [0x70]),
                        Part(name: "f", filename: "a", content: jpeg),
                    ])
                ),
                (
                    "a bad path",
                    form([
                        Part(name: "path", content: Array("../p".utf8)), Part(name: "f", filename: "a", content: jpeg),
                    ])
                ),
                (
                    "a bad prefix",
                    form([
                        Part(name: "prefix", content: Array("a//".utf8)), Part(name: "f", filename: "a", content: jpeg),
                    ])
                ),
                ("cut off after a file", form([Part(name: "f", filename: "a", content: jpeg)], closed: false)),
                (
                    "cut off in a large file",
                    Array(
                        form([
                            Part(name: "f", filename: "a", content: jpeg),
                            Part(name: "f", filename: "b", content: large),
                        ]).dropLast(50_000))
                ),
            ]
            for (name, body) in forms {
                let answer = try await post(server, body)
                #expect(answer.status == 400, "\(name): \(answer.status) \(answer.text.prefix(300))")
                let code = ["a bad path", "a bad prefix"].contains(name) ? "bad_path" : "bad_body"
                #expect(try answer.object()["code"] as? String == code, "\(name): \(answer.text.prefix(300))")
            }
            let other = try await HTTP.send(
                .POST, server.collection(), headers: [("Content-Type", "application/json")],
                body: .bytes(ByteBuffer(string: "{}")))
            #expect(other.status == 400)
            #expect(try other.object()["code"] as? String == "bad_body")
            let rest = try await store.remains()
            #expect(rest == [])
        }
    }
}
