import AsyncHTTPClient
import Foundation
import ImageModel
import NIOCore
import NIOHTTP1
import Testing

extension EndToEnd {
    @Suite("Uploads, over real sockets", .serialized)
    struct UploadTests {
        @Test("An upload comes back byte for byte, with its metadata", arguments: Backend.all)
        func roundTrip(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()

            let created = try await HTTP.put(server.image("shop/a b.jpg"), jpeg, [("Content-Type", "text/html")])
            #expect(created.status == 201)
            #expect(created.header("Location") == "/api/v1/images/shop/a%20b.jpg")
            let metadata = try created.object()
            #expect(metadata["path"] as? String == "shop/a b.jpg")
            #expect(metadata["contentType"] as? String == "image/jpeg")
            #expect(metadata["format"] as? String == "jpeg")
            #expect(metadata["bytes"] as? Int == jpeg.count)
            #expect(metadata["width"] as? Int == 96)
            #expect(metadata["height"] as? Int == 64)
            #expect(metadata["orientation"] as? Int == 1)
            #expect(metadata["hasAlpha"] as? Bool == false)
            #expect(metadata["frames"] as? Int == 1)
            #expect(metadata["etag"] as? String == created.header("ETag"))
            #expect((metadata["lastModified"] as? String)?.hasSuffix("Z") == true)

            let got = try await HTTP.get(server.image("shop/a b.jpg"))
            #expect(got.status == 200)
            #expect(got.bytes == jpeg)
            #expect(got.header("Content-Type") == "image/jpeg")
            #expect(got.header("X-Content-Type-Options") == "nosniff")
            #expect(got.header("ETag") == created.header("ETag"))
            #expect(got.header("Accept-Ranges") == "bytes")

            let head = try await HTTP.head(server.image("shop/a b.jpg"))
            #expect(head.status == 200)
            #expect(head.header("Content-Length") == String(jpeg.count))
            #expect(head.body.readableBytes == 0)

            let asked = try await HTTP.get(server.metadata("shop/a b.jpg"))
            #expect(try asked.object() as NSDictionary == metadata as NSDictionary)
            #expect(asked.header("ETag") == created.header("ETag"))
            #expect(asked.header("Last-Modified") == got.header("Last-Modified"))
            #expect(asked.header("Last-Modified") != nil)
            let etag = try #require(created.header("ETag"))
            let unchanged = try await HTTP.get(server.metadata("shop/a b.jpg"), [("If-None-Match", etag)])
            #expect(unchanged.status == 304)
            #expect(unchanged.header("ETag") == etag)
            #expect(try await HTTP.get(server.metadata("shop/a b.jpg"), [("If-Match", "\"other\"")]).status == 412)

            let url = try #require(metadata["url"] as? String)
            let versioned = try await HTTP.get(server.base + url)
            #expect(versioned.bytes == jpeg)
            #expect(versioned.header("Cache-Control") == "public, max-age=31536000, immutable")

            let replaced = try await HTTP.put(server.image("shop/a b.jpg"), try Pictures.jpeg(width: 40, height: 40))
            #expect(replaced.status == 200)
            let old = try await HTTP.get(server.base + url)
            #expect(old.status == 200)
            #expect(old.bytes != jpeg)
            #expect(old.header("Cache-Control") == "no-cache")
        }

        @Test("Every odd character makes a separate key, also accents in both normal forms", arguments: Backend.all)
        func oddKeys(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let names = [
                "plain.jpg", "with space.jpg", " leading", "trailing ", "plus+plus", "per%cent", "%41", "ha#sh",
                "que?stion",
                "am&per", "par(en)s", "br[ack]ets", "apos'trophe", "st*r", "til~de", "co:lon", "a@b", "quo\"te",
                "semi;colon",
                "com,ma", "eq=ual", "dol$lar", "ba`ck", "pi|pe", "less<more>", "{brace}", "ca^ret", "ex!claim",
                "under_score",
                "caf\u{E9}.jpg", "cafe\u{301}.jpg", "\u{301}accent", "日本語/写真.jpg", "Ünïcödé", "эмодзи 😀.png", "العربية",
                "deep/er/and/deeper.jpg", "...", "..a", "a..", "-dash",
            ]
            var expected: [String: [UInt8]] = [:]
            for (index, name) in names.enumerated() {
                let bytes = try Pictures.jpeg(ofLength: 2000 + index, seed: UInt64(index))
                let answer = try await HTTP.put(server.image(name), bytes)
                #expect(answer.status == 201, "\(name): \(answer.text)")
                expected[Data(name.utf8).base64EncodedString()] = bytes
            }
            #expect(expected.count == names.count)
            for name in names {
                let answer = try await HTTP.get(server.image(name))
                #expect(answer.bytes == expected[Data(name.utf8).base64EncodedString()], "\(name)")
            }
            // Every key once, over all pages.
            var listed: [String] = []
            var cursor = ""
            repeat {
                let page = try await HTTP.get(server.collection("limit=7\(cursor.isEmpty ? "" : "&cursor=\(cursor)")"))
                #expect(page.status == 200)
                let object = try page.object()
                let items = object["items"] as? [[String: Any]] ?? []
                listed += items.compactMap { $0["path"] as? String }
                cursor = object["cursor"] as? String ?? ""
            } while !cursor.isEmpty
            #expect(
                listed.map { Data($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
                    == names.map { Data($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
        }

        @Test("Rejected uploads have the status of the contract and leave nothing", arguments: Backend.all)
        func rejections(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(
                store.environment.merging(["MAX_UPLOAD_BYTES": "20000000"]) { $1 })
            let jpeg = try Pictures.noise(width: 300, height: 200)
            var badCRC = try Pictures.encode(width: 50, height: 40, format: .png)
            badCRC[badCRC.count / 2] ^= 0xFF
            var cutLarge = try Pictures.noise(width: 2600, height: 2600)
            try #require((9_000_000..<20_000_000).contains(cutLarge.count))
            cutLarge.removeLast(1000)

            let cases: [(String, [UInt8], Int, String)] = [
                ("truncated JPEG", Array(jpeg.dropLast(500)), 422, "truncated_image"),
                ("JPEG without an end", Array(jpeg.dropLast(2)), 422, "truncated_image"),
                ("PNG with a bad CRC", badCRC, 422, "broken_image"),
                (
                    "HTML", Array("<!doctype html><html><body>hello, this is no picture at all</body></html>".utf8),
                    415, "unsupported_image"
                ),
                ("nothing", [], 415, "unsupported_image"),
                ("one byte", [0xFF], 415, "unsupported_image"),
                (
                    "a large JPEG header", Self.jpegHeader(width: 20000, height: 14000, padding: 1_000_000), 422,
                    "image_too_large"
                ),
                ("a PNG bomb", Self.pngHeader(width: 65536, height: 65536), 422, "image_too_large"),
                ("truncated in its second part", cutLarge, 422, "truncated_image"),
            ]
            for (name, bytes, status, code) in cases {
                let answer = try await HTTP.putHearing(server.image("refused/\(name).jpg"), bytes)
                #expect(answer.status == status, "\(name): \(answer.text)")
                #expect(answer.header("Content-Type") == "application/problem+json", "\(name)")
                #expect(try answer.object()["code"] as? String == code, "\(name): \(answer.text)")
                #expect(answer.header("Cache-Control") == "no-store")
                #expect(try await HTTP.get(server.image("refused/\(name).jpg")).status == 404)
            }
            // If the announced length is too large, the upload is rejected before any of it is sent.
            let announced = try await RawHTTP.exchange(
                port: server.port,
                "PUT /api/v1/images/refused/long HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000001\r\n\r\n")
            #expect(announced.hasPrefix("HTTP/1.1 413 "))
            #expect(announced.contains("too_long"))
            for path in [
                "../x", "a/../x", "%2e%2e/x", "..%2Fx", "%2E%2E%2Fx", "a/%2e%2e/b", "./x", "a//b", "/x", "a/", "a%00b",
                "a%0Ab", "a%5Cb", "a\\b", "%FF", "%c0%ae%c0%ae/x", "a%", "a%2", "a%zz", ".tintype/x", "b/.tintypefoo",
                String(repeating: "a", count: 256), String(repeating: "a/", count: 512) + "aa",
            ] {
                let answer = try await RawHTTP.exchange(
                    port: server.port,
                    "PUT /api/v1/images/\(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(path): \(answer.prefix(100))")
            }
            let rest = try await store.remains()
            #expect(rest == [])
        }

        @Test("A file at the limit is accepted, and one more byte is rejected", arguments: Backend.all)
        func exactLimit(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(
                store.environment.merging(["MAX_UPLOAD_BYTES": "9000000"]) { $1 })
            for (length, status) in [
                (8_388_607, 201), (8_388_608, 201), (8_388_609, 201), (8_999_999, 201), (9_000_000, 201),
                (9_000_001, 413),
            ] {
                let bytes = try Pictures.jpeg(ofLength: length)
                let answer = try await HTTP.send(
                    .PUT, server.image("limit/\(length)"),
                    body: .chunked(bytes))
                #expect(answer.status == status, "\(length): \(answer.text)")
                if status == 201 { #expect(try await HTTP.get(server.image("limit/\(length)")).bytes == bytes) }
            }
        }

        @Test("Create-only and replace-if-unchanged", arguments: Backend.all)
        func conditions(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let first = try Pictures.jpeg(ofLength: 3000)
            let second = try Pictures.jpeg(ofLength: 4000)
            let created = try await HTTP.put(server.image("c"), first, [("If-None-Match", "*")])
            #expect(created.status == 201)
            let etag = try #require(created.header("ETag"))
            #expect(try await HTTP.put(server.image("c"), second, [("If-None-Match", "*")]).status == 412)
            #expect(try await HTTP.put(server.image("c"), second, [("If-Match", "\"other\"")]).status == 412)
            #expect(try await HTTP.put(server.image("none"), second, [("If-Match", "*")]).status == 412)
            let replaced = try await HTTP.put(server.image("c"), second, [("If-Match", "\"x\", \(etag)")])
            #expect(replaced.status == 200)
            #expect(try await HTTP.get(server.image("c")).bytes == second)
            #expect(try await HTTP.delete(server.image("c"), [("If-Match", etag)]).status == 412)
            #expect(
                try await HTTP.delete(server.image("c"), [("If-Match", try #require(replaced.header("ETag")))]).status
                    == 204)
            #expect(try await HTTP.delete(server.image("c")).status == 404)
        }

        @Test("A response before the end of the body reaches a client that still sends", arguments: Backend.all)
        func earlyAnswer(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let picture = try Pictures.jpeg(ofLength: 9_000_000)
            #expect(try await HTTP.put(server.image("early"), picture).status == 201)
            for _ in 0..<10 {
                let rejected = try await HTTP.putHearing(server.image("early"), picture, [("If-None-Match", "*")])
                #expect(rejected.status == 412)
            }
        }

        @Test("16 racing create-only uploads have one winner, and it is complete", arguments: Backend.all)
        func race(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            for length in [20_000, 1_000_000, 9_000_000] {
                let pictures = try (0..<16).map { try Pictures.jpeg(ofLength: length, seed: UInt64($0)) }
                let statuses = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                    for (index, picture) in pictures.enumerated() {
                        group.addTask {
                            (
                                index,
                                try await HTTP.putHearing(
                                    server.image("race/\(length)"), picture, [("If-None-Match", "*")]
                                ).status
                            )
                        }
                    }
                    return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
                }
                let winners = statuses.filter { $0.value == 201 }.map(\.key)
                #expect(winners.count == 1, "\(length): \(statuses)")
                #expect(statuses.values.allSatisfy { $0 == 201 || $0 == 412 }, "\(statuses)")
                let stored = try await HTTP.get(server.image("race/\(length)")).bytes
                #expect(stored == pictures[try #require(winners.first)])
            }
        }
    }
}

extension EndToEnd.UploadTests {
    /// A JPEG up to its SOS, with comments first. Its size is too large to decode.
    static func jpegHeader(width: Int, height: Int, padding: Int) -> [UInt8] {
        var bytes: [UInt8] = [0xFF, 0xD8]
        for _ in 0..<(padding / 65_000) { bytes += [0xFF, 0xFE, 0xFD, 0xEA] + [UInt8](repeating: 0x20, count: 65_000) }
        bytes += [0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
        bytes += [
            0xFF, 0xC0, 0, 11, 8, UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255), 1, 1,
            0x11, 0,
        ]
        bytes += [0xFF, 0xC4, 0, 20, 0, 1] + [UInt8](repeating: 0, count: 15) + [0]
        bytes += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0] + [UInt8](repeating: 0, count: 64) + [0xFF, 0xD9]
        return bytes
    }

    /// A PNG with only its IHDR and an end.
    static func pngHeader(width: UInt32, height: UInt32) -> [UInt8] {
        func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(type.utf8) + data
            var crc: UInt32 = 0xFFFF_FFFF
            for byte in body {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
            }
            return big(UInt32(data.count)) + body + big(~crc)
        }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", big(width) + big(height) + [8, 2, 0, 0, 0])
            + chunk("IDAT", [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]) + chunk("IEND", [])
    }
}
