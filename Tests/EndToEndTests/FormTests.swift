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

        private func post(_ server: TintypeServer, _ body: [UInt8]) async throws -> HTTP.Answer {
            try await HTTP.send(
                .POST, server.collection(), headers: [("Content-Type", "multipart/form-data; boundary=BOUNDARY")],
                body: .bytes(ByteBuffer(bytes: body)))
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

        @Test("A form that is refused leaves nothing", arguments: Backend.all)
        func refused(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            let large = try Pictures.jpeg(ofLength: 10_000_000)
            let forms: [(String, [UInt8])] = [
                ("no file", form([Part(name: "prefix", content: Array("x".utf8))])),
                (
                    "a field behind a file",
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
                ("cut off behind a file", form([Part(name: "f", filename: "a", content: jpeg)], closed: false)),
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
