import Foundation
import NIOHTTP1
import TestServers
import Testing

extension EndToEnd {
    @Suite("Cache headers, over real sockets", .serialized)
    struct CachingTests {
        /// With these settings, entries in memory stay fresh for the whole test.
        private static let long = ["CACHE_REVALIDATE_SECONDS": "600"]

        @Test("Every response of a negotiable URL has Vary, including errors")
        func vary() async throws {
            let store = try LocalFolder()
            let settings = store.environment.merging(["PRESETS": "card:w=80,fixed:w=80&format=png"]) { $1 }
            let server = try await TintypeServer.start(settings)
            let picture = try Pictures.jpeg(width: 320, height: 240)
            _ = try await HTTP.put(server.image("p.jpg"), picture)
            try store.plant("cut.jpg", Array(picture.prefix(picture.count / 2)))
            let tag = try #require(try await HTTP.get(server.image("p.jpg", "w=80")).header("ETag"))
            let table: [(String, [(String, String)], Int)] = [
                ("p.jpg", [], 200), ("p.jpg", [("Range", "bytes=0-9")], 206), ("p.jpg", [("If-None-Match", tag)], 304),
                ("p.jpg", [("If-Match", "\"x\"")], 412), ("p.jpg", [("Range", "bytes=999999-")], 416),
                ("none.jpg", [], 404), ("cut.jpg", [], 422),
            ]
            for (path, headers, status) in table {
                for query in ["w=80", "preset=card"] {
                    let answer = try await HTTP.get(server.image(path, query), headers)
                    #expect(answer.status == status, "\(path) \(query) \(headers)")
                    #expect(answer.headers["Vary"] == ["Accept"], "\(path) \(query) \(headers)")
                }
                for query in ["w=80&format=png", "preset=fixed"] where status != 304 {
                    let answer = try await HTTP.get(server.image(path, query), headers)
                    #expect(answer.status == status, "\(path) \(query) \(headers)")
                    #expect(answer.headers["Vary"] == [], "\(path) \(query) \(headers)")
                }
            }
            for query in ["w=0", "w=80&w=80", "preset=none", "w=80&dpr=x", "w=80&v=1&v=2"] {
                let answer = try await HTTP.get(server.image("p.jpg", query))
                #expect(answer.status == 400, "\(query)")
                #expect(answer.headers["Vary"] == ["Accept"], "\(query)")
            }
            #expect(try await HTTP.get(server.image("p.jpg")).headers["Vary"] == [])

            let strict = try await TintypeServer.start(settings.merging(["RENDITION_MODE": "presets"]) { $1 })
            let rejected = try await HTTP.get(strict.image("p.jpg", "w=80"))
            #expect(rejected.status == 403)
            #expect(rejected.headers["Vary"] == ["Accept"])

            let port = FreePorts.take()
            let away = try await TintypeServer.start(
                [
                    "STORAGE_TYPE": "s3", "S3_ENDPOINT_URL": "http://127.0.0.1:\(port)", "S3_BUCKET_NAME": "none",
                    "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "STORAGE_TIMEOUT_SECONDS": "1",
                ], ready: false)
            let unavailable = try await HTTP.get(away.image("p.jpg", "w=80"))
            #expect([503, 504].contains(unavailable.status))
            #expect(unavailable.headers["Vary"] == ["Accept"])
            #expect(unavailable.header("Cache-Control") == "no-store")
        }

        @Test("Age and Date of responses from memory give the time of the request to the store", arguments: Backend.all)
        func age(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(
                store.environment.merging(Self.long.merging(["CACHE_CONTROL": "public, max-age=60"]) { $1 }) { $1 })
            let url = server.image("a.jpg")
            let rendition = server.image("a.jpg", "w=80")
            try await store.plant("a.jpg", try Pictures.jpeg(width: 320, height: 240))
            let first = try await HTTP.get(url)
            #expect(first.header("Cache-Status") == "tintype; fwd=miss")
            #expect(first.header("Age") == nil)
            let tag = try #require(first.header("ETag"))
            _ = try await HTTP.get(rendition)
            try await Task.sleep(for: .milliseconds(2100))
            let requests: [(String, [(String, String)], Int)] = [
                (url, [], 200), (url, [("Range", "bytes=0-9")], 206), (url, [("If-None-Match", tag)], 304),
                (rendition, [], 200), (rendition, [("Range", "bytes=0-9")], 206),
            ]
            for (url, headers, status) in requests {
                for method in ["GET", "HEAD"] {
                    let before = Date().timeIntervalSince1970.rounded(.down)
                    let answer = try await HTTP.send(.init(rawValue: method), url, headers: headers)
                    let after = Date().timeIntervalSince1970.rounded(.down)
                    #expect(answer.status == (method == "HEAD" && status == 206 ? 200 : status))
                    #expect(answer.header("Cache-Status") == "tintype; hit")
                    #expect(answer.header("Cache-Control") == "public, max-age=60")
                    #expect(answer.headers["Age"].count == 1 && answer.headers["Date"].count == 1)
                    let age = try #require(answer.header("Age").flatMap { Int($0) })
                    #expect(age >= 2, "\(method) \(headers)")
                    // Both values are cut to whole seconds.
                    let sum = try seconds(answer.header("Date")) + Double(age)
                    #expect(sum >= before - 1 && sum <= after, "\(method) \(headers)")
                }
            }
            // These responses are made for the request, so they have no Age, and their Date is now.
            for query in ["w=90&q=x", "w=90&format=gif"] {
                #expect(try await HTTP.get(server.image("a.jpg", query)).header("Age") == nil)
            }
            // The version is as old as before, although the pixels are new.
            let drawn = try await HTTP.get(server.image("a.jpg", "w=90"))
            #expect(drawn.header("Cache-Status") == "tintype; fwd=miss")
            #expect(drawn.header("Age").flatMap { Int($0) }.map { $0 >= 2 } == true)
            // The URL forces a request to the store. So the version is completely fresh, and so are later responses
            // from memory.
            let forcedRevalidation = try await HTTP.get(server.image("a.jpg", "v=another"))
            #expect(forcedRevalidation.header("Cache-Status") == "tintype; fwd=request; fwd-status=304")
            #expect(forcedRevalidation.header("Cache-Control") == "no-cache")
            #expect(forcedRevalidation.header("Age") == nil)
        }

        private func seconds(_ date: String?) throws -> Double {
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(secondsFromGMT: 0)
            format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            let text = try #require(date)
            return try #require(format.date(from: text)).timeIntervalSince1970
        }

        @Test("After the bound the store gets a new request, and Cache-Status gives its result", arguments: Backend.all)
        func revalidation(_ backend: Backend) async throws {
            let store = try await backend.open()
            let server = try await TintypeServer.start(
                store.environment.merging(["CACHE_REVALIDATE_SECONDS": "1"]) { $1 })
            let url = server.image("a.jpg")
            try await store.plant("a.jpg", try Pictures.jpeg(ofLength: 5000))
            let tag = try #require(try await HTTP.get(url).header("ETag"))
            try await Task.sleep(for: .milliseconds(1100))
            let same = try await HTTP.get(url)
            #expect(same.header("Cache-Status") == "tintype; fwd=stale; fwd-status=304")
            #expect(same.header("Age") == nil)
            try await store.plant("a.jpg", try Pictures.jpeg(ofLength: 6000))
            try await Task.sleep(for: .milliseconds(1100))
            let other = try await HTTP.get(url, [("If-None-Match", tag)])
            #expect(other.status == 200)
            #expect(other.bytes.count == 6000)
            // The bytes were not in memory, so this was more than a revalidation.
            #expect(other.header("Cache-Status") == "tintype; fwd=miss")
            try await store.plant("a.jpg", try Pictures.jpeg(ofLength: 7000))
            try await Task.sleep(for: .milliseconds(1100))
            #expect(try await HTTP.head(url).header("Cache-Status") == "tintype; fwd=stale; fwd-status=200")
        }

        @Test("Ranges and If-Range of renditions")
        func renditionRanges() async throws {
            let store = try LocalFolder()
            let server = try await TintypeServer.start(store.environment)
            let put = try await HTTP.put(server.image("p.jpg"), try Pictures.jpeg(width: 320, height: 240))
            let original = try #require(put.header("ETag"))
            for query in ["w=100", "w=100&format=webp"] {
                let url = server.image("p.jpg", query)
                let whole = try await HTTP.get(url)
                let (bytes, size) = (whole.bytes, whole.bytes.count)
                let tag = try #require(whole.header("ETag"))
                let table: [(String, Range<Int>)] = [
                    ("bytes=0-0", 0..<1), ("bytes=5-", 5..<size), ("bytes=-5", size - 5..<size),
                    ("bytes=0-999999999", 0..<size), ("bytes=-999999999", 0..<size),
                ]
                for (range, expected) in table {
                    for headers in [[("Range", range)], [("Range", range), ("If-Range", tag)]] {
                        let part = try await HTTP.get(url, headers)
                        #expect(part.status == 206, "\(headers)")
                        #expect(part.bytes == Array(bytes[expected]), "\(headers)")
                        #expect(
                            part.header("Content-Range")
                                == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(size)")
                        #expect(part.header("ETag") == tag)
                        #expect(part.header("Content-Type") == whole.header("Content-Type"))
                    }
                    // The original's tag, another tag, a weak one, a list, a date: none of them matches this rendition.
                    for condition in [original, "\"x\"", "W/\(tag)", "\(tag), \"x\"", "yesterday"] {
                        let answer = try await HTTP.get(url, [("Range", range), ("If-Range", condition)])
                        #expect(answer.status == 200, "\(condition)")
                        #expect(answer.bytes == bytes)
                    }
                }
                for range in ["bytes=\(size)-", "bytes=-0"] {
                    let answer = try await HTTP.get(url, [("Range", range)])
                    #expect(answer.status == 416, "\(range)")
                    #expect(answer.header("Content-Range") == "bytes */\(size)")
                    #expect(try await HTTP.get(url, [("Range", range), ("If-Range", "\"x\"")]).status == 200)
                    #expect(try await HTTP.get(url, [("Range", range), ("If-None-Match", tag)]).status == 304)
                }
            }
        }
    }
}
