import Foundation
import ImageCodecs
import ImageModel
import NIOHTTP1
import Testing

extension EndToEnd {
    @Suite("Reads, over real sockets", .serialized)
    struct ReadTests {
        @Test("Conditions by RFC 9110", arguments: Backend.all)
        func conditions(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let url = server.image("c.jpg")
            let etag = try #require(try await HTTP.put(url, try Pictures.jpeg()).header("ETag"))
            let modified = try #require(try await HTTP.head(url).header("Last-Modified"))
            let (past, future) = ("Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT")
            let table: [([(String, String)], Int)] = [
                ([("If-None-Match", etag)], 304),
                ([("If-None-Match", "W/\(etag)")], 304),
                ([("If-None-Match", "\"a\", \(etag), \"b\"")], 304),
                ([("If-None-Match", "*")], 304),
                ([("If-None-Match", "\"other\"")], 200),
                ([("If-None-Match", "\"other\""), ("If-Modified-Since", future)], 200),
                ([("If-None-Match", etag), ("If-Modified-Since", past)], 304),
                ([("If-Modified-Since", modified)], 304),
                ([("If-Modified-Since", past)], 200),
                ([("If-Modified-Since", "nonsense")], 200),
                ([("If-Match", etag)], 200),
                ([("If-Match", "*")], 200),
                ([("If-Match", "W/\(etag)")], 412),
                ([("If-Match", "\"other\"")], 412),
                ([("If-Match", etag), ("If-Unmodified-Since", past)], 200),
                ([("If-Unmodified-Since", past)], 412),
                ([("If-Unmodified-Since", modified)], 200),
                ([("If-Match", "\"other\""), ("If-None-Match", etag)], 412),
            ]
            for (headers, status) in table {
                #expect(try await HTTP.get(url, headers).status == status, "GET \(headers)")
                let head = try await HTTP.head(url, headers)
                #expect(head.status == status, "HEAD \(headers)")
                if status == 304 {
                    #expect(head.header("ETag") == etag)
                    #expect(head.header("Cache-Control") == "public, no-cache")
                }
            }
        }

        /// A file may have any time. If the server sent a time in the future, the client got 304 for the replacement.
        @Test("A file time in the future is not sent, and hides no replacement")
        func futureTimes() async throws {
            let folder = try LocalFolder()
            let server = try await TintypeServer.start(
                folder.environment.merging(["CACHE_REVALIDATE_SECONDS": "0"]) { $1 })
            let (first, second) = (try Pictures.jpeg(), try Pictures.jpeg(ofLength: 20_000))
            for target in ["f.jpg", "f.jpg?w=4"] {
                let url = "\(server.base)/api/v1/images/\(target)"
                _ = try await HTTP.put(server.image("f.jpg"), first)
                let future = Date(timeIntervalSinceNow: 3_600)
                try FileManager.default.setAttributes(
                    [.modificationDate: future], ofItemAtPath: folder.root.appendingPathComponent("f.jpg").path)
                let format = DateFormatter()
                format.locale = Locale(identifier: "en_US_POSIX")
                format.timeZone = TimeZone(identifier: "GMT")
                format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
                let before = try await HTTP.get(url)
                #expect(before.status == 200)
                let modified = try #require(before.header("Last-Modified"))
                for answer in [before, try await HTTP.get(server.metadata("f.jpg"))] {
                    let (sent, date) = (answer.header("Last-Modified") ?? "", answer.header("Date") ?? "")
                    #expect(try #require(format.date(from: sent)) <= #require(format.date(from: date)))
                }
                // Replaced within the same second.
                _ = try await HTTP.put(server.image("f.jpg"), second)
                for since in [modified, format.string(from: future)] {
                    for _ in 0..<2 {
                        #expect(
                            try await HTTP.get(url, [("If-Modified-Since", since)]).status == 200, "\(target) \(since)")
                    }
                }
            }
        }

        /// Parameters that marketing tools add made every image a 400.
        @Test("A broken parameter without a meaning for the server is ignored")
        func brokenParameters() async throws {
            let store = try await Backend.local.open()
            let server = try await TintypeServer.start(store.environment)
            #expect(try await HTTP.put(server.image("b.jpg"), try Pictures.jpeg()).status == 201)
            for query in ["utm_campaign=50%off", "w=4&utm=%", "utm=%ff&w=4", "%=1&w=4"] {
                let request = "GET /api/v1/images/b.jpg?\(query) HTTP/1.1\r\nHost: a\r\n\r\n"
                // The second time the image is in memory.
                for _ in 0..<2 {
                    let last = request.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
                    let answers = try await RawHTTP.exchange(port: server.port, request + last)
                    #expect(answers.ranges(of: "HTTP/1.1 200 ").count == 2, "\(query)")
                }
            }
            for (query, name) in [("w=4%", "w"), ("v=%", "v"), ("preset=%zz", "preset")] {
                let answer = try await RawHTTP.exchange(
                    port: server.port,
                    "GET /api/v1/images/b.jpg?\(query) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("The parameter \(name) "), "\(query)")
            }
        }

        @Test("Ranges of small and of large images", arguments: Backend.all)
        func ranges(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            // One image that the cache holds, and one that streams past it.
            for size in [10_000, 9_500_000] {
                let bytes = try Pictures.jpeg(ofLength: size)
                let url = server.image("r/\(size)")
                let etag = try #require(try await HTTP.put(url, bytes).header("ETag"))
                let table: [(String, Range<Int>)] = [
                    ("bytes=0-0", 0..<1), ("bytes=10-19", 10..<20), ("bytes=9000-", 9000..<size),
                    ("bytes=-5", size - 5..<size),
                    ("bytes=0-99999999", 0..<size), ("bytes=-99999999", 0..<size), ("BYTES=1-2", 1..<3),
                ]
                for _ in 0..<2 {
                    for (range, expected) in table {
                        let answer = try await HTTP.get(url, [("Range", range)])
                        #expect(answer.status == 206, "\(range)")
                        #expect(answer.bytes == Array(bytes[expected]), "\(range)")
                        #expect(
                            answer.header("Content-Range")
                                == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(size)")
                        #expect(answer.header("ETag") == etag)
                    }
                    for range in ["bytes=\(size)-", "bytes=-0"] {
                        let answer = try await HTTP.get(url, [("Range", range)])
                        #expect(answer.status == 416, "\(range)")
                        #expect(answer.header("Content-Range") == "bytes */\(size)")
                    }
                    for range in ["bytes=5-4", "lines=0-1", "bytes=a-b", "bytes=0-1,3-4"] {
                        #expect(try await HTTP.get(url, [("Range", range)]).status == 200, "\(range)")
                    }
                    #expect(try await HTTP.get(url, [("Range", "bytes=0-4"), ("If-Range", etag)]).status == 206)
                    #expect(try await HTTP.get(url, [("Range", "bytes=0-4"), ("If-Range", "\"x\"")]).status == 200)
                    #expect(try await HTTP.get(url, [("Range", "bytes=0-4"), ("If-Range", "W/\(etag)")]).status == 200)
                    #expect(try await HTTP.get(url).bytes == bytes)
                }
            }
        }

        @Test("Renditions: size, format, tags, caching", arguments: Backend.all)
        func renditions(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            _ = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 800, height: 600))
            func size(_ answer: HTTP.Answer) throws -> PixelSize {
                try ImageHeader.read(answer.bytes.span.bytes, limits: CodecLimits()).size
            }
            let table: [(String, Int, Int)] = [
                ("w=400", 400, 300), ("h=300", 400, 300), ("w=100&h=100", 100, 75), ("w=100&h=100&fit=cover", 100, 100),
                ("w=1600", 800, 600), ("w=1600&h=1200&fit=cover", 1600, 1200), ("w=50&dpr=2", 100, 75),
                ("q=50", 800, 600),
            ]
            for (query, width, height) in table {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(answer.status == 200, "\(query): \(answer.text)")
                #expect(try size(answer) == PixelSize(width: width, height: height), "\(query)")
                #expect(answer.header("Content-Type") == "image/jpeg")
                #expect(answer.header("Vary") == "Accept")
            }
            let accepts: [(String?, String)] = [
                (nil, "image/jpeg"), ("*/*", "image/jpeg"), ("image/*", "image/jpeg"), ("image/webp,*/*", "image/webp"),
                ("image/webp;q=0,*/*", "image/jpeg"), ("image/webp;q=0.3, image/jpeg", "image/jpeg"),
                ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/avif"),
            ]
            for (accept, type) in accepts {
                let answer = try await HTTP.get(server.image("p.jpg", "w=64"), accept.map { [("Accept", $0)] } ?? [])
                #expect(answer.header("Content-Type") == type, "\(accept ?? "none")")
            }
            for (format, type) in [
                ("jpeg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp"), ("original", "image/jpeg"),
            ] {
                let answer = try await HTTP.get(
                    server.image("p.jpg", "w=64&format=\(format)"), [("Accept", "image/webp")])
                #expect(answer.header("Content-Type") == type)
                #expect(answer.header("Vary") == nil)
            }
            // Two spellings are one entry with its own tag, and a 304 has no pixels.
            let first = try await HTTP.get(server.image("p.jpg", "h=75&w=100"))
            let second = try await HTTP.get(server.image("p.jpg", "w=100&dpr=1&h=75&fit=scale-down&utm_source=mail"))
            #expect(first.bytes == second.bytes)
            #expect(first.header("ETag") == second.header("ETag"))
            #expect(second.header("Cache-Status") == "tintype; hit")
            let tag = try #require(first.header("ETag"))
            #expect(try await HTTP.get(server.image("p.jpg", "w=100&h=75"), [("If-None-Match", tag)]).status == 304)
            #expect(try await HTTP.get(server.image("p.jpg"), [("If-None-Match", tag)]).status == 200)
            let part = try await HTTP.get(server.image("p.jpg", "w=100&h=75"), [("Range", "bytes=2-5")])
            #expect(part.status == 206)
            #expect(part.bytes == Array(first.bytes[2..<6]))
            let head = try await HTTP.head(server.image("p.jpg", "w=100&h=75"))
            #expect(head.header("Content-Length") == String(first.bytes.count))

            for query in [
                "w=0", "w=8193", "w=abc", "w=1.5", "w=", "w=10&w=10", "h=-1", "fit=bad", "format=gif", "q=0", "q=101",
                "dpr=0.5",
                "dpr=5", "w=%zz", "blur=-3", "preset=x",
            ] {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(answer.status == 400, "\(query)")
                #expect(try answer.object()["code"] as? String == "bad_parameter")
            }
            let missing = try await HTTP.get(server.image("no.jpg", "w=10"))
            #expect(missing.status == 404)
            #expect(missing.header("Vary") == "Accept")
        }

        @Test("Transparent images become PNG or WebP, never black", arguments: Backend.all)
        func transparency(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            for format in [ImageFormat.webp, .png] {
                let path = "a.\(format.rawValue)"
                let put = try await HTTP.put(
                    server.image(path), try Pictures.transparent(width: 64, height: 64, format: format))
                #expect(try put.object()["hasAlpha"] as? Bool == true)
                let expected: [(String, String?, String)] = [
                    ("w=32", nil, "image/png"), ("w=32", "image/webp,*/*;q=0.8", "image/webp"),
                    ("w=32&format=webp", nil, "image/webp"), ("w=32&format=png", nil, "image/png"),
                ]
                for (query, accept, type) in expected {
                    let answer = try await HTTP.get(
                        server.image(path, query), accept.map { [("Accept", $0)] } ?? [])
                    #expect(answer.header("Content-Type") == type, "\(path)?\(query)")
                    #expect(try Pictures.lastPixel(of: answer.bytes)[3] == 0, "\(path)?\(query)")
                }
                // A JPEG has no transparency, so transparent pixels are white.
                let flat = try await HTTP.get(server.image(path, "w=32&format=jpeg"))
                #expect(flat.header("Content-Type") == "image/jpeg")
                #expect(try Pictures.lastPixel(of: flat.bytes).allSatisfy { $0 > 250 }, "\(path)")
                // Another program writes the same file. It gets the same result, whatever is requested first.
                try await store.plant(
                    "moved.\(format.rawValue)", try Pictures.encode(width: 64, height: 64, format: format))
                _ = try await HTTP.get(server.image("moved.\(format.rawValue)"))
                let base = format == .png ? "image/png" : "image/jpeg"
                for _ in 0..<2 {
                    let answer = try await HTTP.get(server.image("moved.\(format.rawValue)", "w=32"))
                    #expect(answer.header("Content-Type") == base)
                    _ = try await HTTP.head(server.image("moved.\(format.rawValue)"))
                }
            }
        }

        @Test("Rotates and flips the stored image, and its renditions too", arguments: Backend.all)
        func rotate(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            for (name, aligned) in [("aligned", true), ("unaligned", false)] {
                let path = "rot/\(name).jpg"
                let original =
                    aligned ? try Pictures.jpeg(width: 96, height: 64) : try Pictures.jpeg(width: 97, height: 67)
                _ = try await HTTP.put(server.image(path), original)
                #expect(try Pictures.corner(of: original) == .topLeft)
                let rotated = try await HTTP.post(server.rotate(path), json: #"{"degrees": 90}"#)
                #expect(rotated.status == 200, "\(rotated.text)")
                let metadata = try rotated.object()
                #expect(metadata["lossless"] as? Bool == aligned)
                #expect(metadata["width"] as? Int == (aligned ? 64 : 67))
                let got = try await HTTP.get(server.image(path))
                #expect(got.header("ETag") == metadata["etag"] as? String)
                #expect(try Pictures.corner(of: got.bytes) == .topRight)
                let rendition = try await HTTP.get(server.image(path, "w=48"))
                #expect(try Pictures.corner(of: rendition.bytes) == .topRight)
                // First rotated, then flipped: 90 degrees and a horizontal flip move the square from the top right to
                // the bottom left.
                let both = try await HTTP.post(server.rotate(path), json: #"{"degrees": 90, "flip": "horizontal"}"#)
                #expect(both.status == 200)
                #expect(try Pictures.corner(of: try await HTTP.get(server.image(path)).bytes) == .bottomLeft)
                let query = try await HTTP.send(.POST, server.rotate(path) + "?flip=vertical")
                #expect(query.status == 200)
                #expect(try Pictures.corner(of: try await HTTP.get(server.image(path)).bytes) == .topLeft)
                let etag = try #require(query.header("ETag"))
                #expect(
                    try await HTTP.post(server.rotate(path), json: #"{"degrees": 180}"#, [("If-Match", "\"x\"")]).status
                        == 412)
                #expect(
                    try await HTTP.post(server.rotate(path), json: #"{"degrees": 180}"#, [("If-Match", etag)]).status
                        == 200)
                #expect(try Pictures.corner(of: try await HTTP.get(server.image(path)).bytes) == .bottomRight)
            }
            for json in ["{}", #"{"degrees": 45}"#, #"{"flip": "up"}"#, "[1]", "{", #"{"degrees": "90"}"#] {
                #expect(try await HTTP.post(server.rotate("rot/aligned.jpg"), json: json).status == 400, "\(json)")
            }
            #expect(try await HTTP.post(server.rotate("rot/none.jpg"), json: #"{"degrees": 90}"#).status == 404)
        }

        @Test("Concurrent rotates of one image: none is lost", arguments: Backend.all)
        func concurrentRotations(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            _ = try await HTTP.put(server.image("r.jpg"), try Pictures.jpeg())
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<43 {
                    group.addTask { try await HTTP.post(server.rotate("r.jpg"), json: #"{"degrees":90}"#).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses)")
            // 43 = 3 mod 4.
            #expect(try Pictures.corner(of: try await HTTP.get(server.image("r.jpg")).bytes) == .bottomLeft)
        }

        @Test("Listing: prefixes, delimiter, pages", arguments: Backend.all)
        func listing(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg(width: 8, height: 8)
            let paths = ["a.jpg", "b/1.jpg", "b/2.jpg", "b/c/3.jpg", "z.jpg"]
            for path in paths { #expect(try await HTTP.put(server.image(path), jpeg).status == 201) }
            let all = try await HTTP.get(server.collection()).object()
            #expect((all["items"] as? [[String: Any]])?.compactMap { $0["path"] as? String }.sorted() == paths)
            #expect(all["cursor"] is NSNull)
            let item = try #require((all["items"] as? [[String: Any]])?.first { $0["path"] as? String == "a.jpg" })
            #expect(item["bytes"] as? Int == jpeg.count)
            #expect(try await HTTP.get(server.base + (item["url"] as? String ?? "")).bytes == jpeg)
            let top = try await HTTP.get(server.collection("delimiter=/")).object()
            #expect(
                (top["items"] as? [[String: Any]])?.compactMap { $0["path"] as? String }.sorted() == ["a.jpg", "z.jpg"])
            #expect(top["prefixes"] as? [String] == ["b/"])
            let inside = try await HTTP.get(server.collection("prefix=b/&delimiter=%2F")).object()
            #expect((inside["items"] as? [[String: Any]])?.count == 2)
            #expect(inside["prefixes"] as? [String] == ["b/c/"])
            for query in ["limit=0", "limit=1001", "limit=x", "delimiter=x", "cursor=nonsense"] {
                #expect(try await HTTP.get(server.collection(query)).status == 400, "\(query)")
            }
            #expect(
                ((try await HTTP.get(server.collection("prefix=.tintype/")).object())["items"] as? [Any])?.isEmpty
                    == true)
        }

        @Test("After a delete the image and all its renditions are gone", arguments: Backend.all)
        func delete(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            _ = try await HTTP.put(server.image("d.jpg"), try Pictures.jpeg())
            #expect(try await HTTP.get(server.image("d.jpg", "w=10")).status == 200)
            #expect(try await HTTP.get(server.image("d.jpg")).status == 200)
            #expect(try await HTTP.delete(server.image("d.jpg")).status == 204)
            #expect(try await HTTP.get(server.image("d.jpg")).status == 404)
            #expect(try await HTTP.get(server.image("d.jpg", "w=10")).status == 404)
            #expect(try await HTTP.get(server.metadata("d.jpg")).status == 404)
            #expect(try await HTTP.delete(server.image("d.jpg")).status == 404)
            let rest = try await store.remains()
            #expect(rest == [])
        }

        @Test("The type of an object of another program comes from its bytes", arguments: Backend.all)
        func foreign(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(store.environment)
            let jpeg = try Pictures.jpeg()
            try await store.plant("moved/in.bin", jpeg)
            try await store.plant("moved/page.jpg", Array("<html>no picture</html>".utf8))
            let got = try await HTTP.get(server.image("moved/in.bin"))
            #expect(got.status == 200)
            #expect(got.bytes == jpeg)
            #expect(got.header("Content-Type") == "image/jpeg")
            #expect(try await HTTP.get(server.metadata("moved/in.bin")).object()["width"] as? Int == 96)
            #expect(try await HTTP.get(server.image("moved/in.bin", "w=20")).status == 200)
            #expect(try await HTTP.get(server.image("moved/page.jpg")).status == 404)
            #expect(try await HTTP.head(server.image("moved/page.jpg")).status == 404)
        }
    }
}
