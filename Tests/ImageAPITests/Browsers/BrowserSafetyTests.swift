import HTTPTypes
import ImageRequests
import ImageService
import Testing

@testable import ImageAPI

@Suite("What browsers may do with answers", .timeLimit(.minutes(1)))
struct BrowserSafetyTests {
    private static let csp = "default-src 'none'; sandbox"

    @Test("Nothing that is served runs, loads, or is taken for another type", arguments: [true, false])
    func safety(isPublic: Bool) async throws {
        let fixture = try await BrowserFixture(isPublic: isPublic)
        let key = BrowserFixture.key
        for (method, target, headers, status) in [
            (HTTPRequest.Method.get, "images/a/p.jpg", key, 200), (.head, "images/a/p.jpg", key, 200),
            (.get, "images/a/p.jpg", key.with(.range, "bytes=0-9"), 206), (.get, "images/a/p.jpg?w=16", key, 200),
            (.get, "images/a/p.jpg?w=16&format=png", key, 200), (.get, "metadata/a/p.jpg", key, 200),
            (.get, "images?prefix=a/", key, 200), (.get, "access", key, 200), (.get, "images/a/none.jpg", key, 404),
            (.get, "images/a/p.jpg?w=0", key, 400), (.get, "other", key, 404), (.get, "images/a//b", key, 400),
            (.get, "images/a/p.jpg", [.authorization: "Bearer x"], 401), (.get, "status", key, 403),
            (.get, "images/a/p.jpg", key.with(.ifMatch, "\"x\""), 412), (.post, "images/a/p.jpg", key, 405),
            (.get, "images/a/p.jpg", key.with(.range, "bytes=9000000-"), 416), (.put, "images/a/q.jpg", key, 415),
            (.delete, "images/a/none.jpg", key, 404),
        ] as [(HTTPRequest.Method, String, HTTPFields, Int)] {
            let answer = try await fixture.application.send(method, target, headers)
            #expect(answer.status == status, "\(method) \(target)")
            #expect(answer.headers[values: .contentSecurityPolicy] == [Self.csp], "\(method) \(target)")
            #expect(answer.headers[values: .contentTypeOptions] == ["nosniff"], "\(method) \(target)")
            #expect(answer.headers[values: .crossOriginResourcePolicy].count == 1, "\(method) \(target)")
            let isImage = answer.headers[.contentType]?.hasPrefix("image/") == true
            #expect(answer.headers[.referrerPolicy] == (isImage ? nil : "no-referrer"))
            #expect(answer.headers[.setCookie] == nil && answer.headers[.accessControlAllowCredentials] == nil)
            #expect(answer.headers[.contentDisposition] == nil)
        }
    }

    @Test("Other origins may embed what everybody may read, and nothing else")
    func embedding() async throws {
        let key = BrowserFixture.key
        for isPublic in [true, false] {
            let fixture = try await BrowserFixture(isPublic: isPublic)
            let signed = try fixture.sign("a/p.jpg", "w=16")
            let open = isPublic ? "cross-origin" : "same-origin"
            for (target, headers, policy) in [
                ("images/a/p.jpg", key, open), ("images/a/p.jpg?w=16", key, open), ("metadata/a/p.jpg", key, open),
                ("images/a/p.jpg", key.with(.ifNoneMatch, "*"), open), ("images/a/none.jpg", key, open),
                ("metadata/a/p.jpg", key.with(.ifNoneMatch, "*"), open), ("images/a/p.jpg?w=0", key, open),
                (signed, [:], "cross-origin"), (signed, [.ifNoneMatch: "*"], "cross-origin"),
                (signed + "x", [:], "same-origin"), ("metadata/a/p.jpg?include=location", key, "same-origin"),
                ("images?prefix=a/", key, "same-origin"), ("access", key, "same-origin"), ("x", [:], "same-origin"),
            ] as [(String, HTTPFields, String)] {
                let answer = try await fixture.application.send(.get, target, headers)
                #expect(answer.headers[.crossOriginResourcePolicy] == policy, "\(target) \(answer.status)")
            }
        }
        let plain = try TestApplication(try await FastPathFixture.makeService())
        #expect(try await plain.send(.get, "images/p.jpg").headers[.crossOriginResourcePolicy] == "cross-origin")
        #expect(try await plain.send(.get, "images").headers[.crossOriginResourcePolicy] == "same-origin")
    }

    /// A browser merges a 304 into what it has stored.
    @Test("304 says only what a stored answer must learn anew")
    func notModified() async throws {
        let fixture = try await BrowserFixture(isPublic: true)
        let headers: HTTPFields = [.ifNoneMatch: "*", .origin: BrowserFixture.shop]
        for target in ["images/a/p.jpg", "images/a/p.jpg?w=16&format=png&download=x", "metadata/a/p.jpg"] {
            let answer = try await fixture.application.send(.get, target, headers)
            #expect(answer.status == 304 && answer.headers[.vary] == "Origin")
            #expect(answer.headers[.crossOriginResourcePolicy] == "cross-origin")
            #expect(answer.headers[.accessControlAllowOrigin] == BrowserFixture.shop)
            for name in [HTTPField.Name.contentSecurityPolicy, .contentDisposition, .contentTypeOptions, .contentType] {
                #expect(answer.headers[name] == nil, "\(name)")
            }
        }
    }

    @Test("Downloads")
    func downloads() async throws {
        let fixture = try await BrowserFixture(isPublic: true)
        func disposition(_ target: String, _ headers: HTTPFields = [:]) async throws -> String? {
            try await fixture.application.send(.get, target, headers).headers[.contentDisposition]
        }
        #expect(try await disposition("images/a/p.jpg?download") == #"attachment; filename="p.jpg""#)
        #expect(try await disposition("images/a/p.jpg?w=16&format=png&download") == #"attachment; filename="p.png""#)
        #expect(
            try await disposition("images/a/p.jpg?w=16&download", [.accept: "image/webp"])
                == #"attachment; filename="p.webp""#)
        #expect(try await disposition("images/a/p.jpg?download=x.jpg") == #"attachment; filename="x.jpg""#)
        #expect(
            try await disposition("images/a/p.jpg?download=x.jpg", [.range: "bytes=0-1"])
                == #"attachment; filename="x.jpg""#)
        let head = try await fixture.application.send(.head, "images/a/p.jpg?download=x")
        #expect(head.headers[.contentDisposition] == #"attachment; filename="x.jpg""#)
        for query in ["download&download", "download=%ff", "download=%0A", "w=16&download=%"] {
            let answer = try await fixture.application.send(.get, "images/a/p.jpg?\(query)")
            #expect(answer.status == 400 && answer.headers[.contentDisposition] == nil, "\(query)")
        }
        // The same image, under the same tag.
        let plain = try await fixture.application.send(.get, "images/a/p.jpg?w=16&format=png")
        let saved = try await fixture.application.send(.get, "images/a/p.jpg?w=16&format=png&download=y")
        #expect(plain.headers[.eTag] == saved.headers[.eTag] && plain.bytes == saved.bytes)
        #expect(saved.headers[.cacheStatus] == "tintype; hit")
        // It means nothing elsewhere.
        #expect(try await disposition("metadata/a/p.jpg?download") == nil)
    }

    @Test("Under a signed URL, the name is signed")
    func signedDownloads() async throws {
        let fixture = try await BrowserFixture(isPublic: false)
        let signed = try fixture.sign("a/p.jpg", "download=holiday.jpg")
        let answer = try await fixture.application.send(.get, signed)
        #expect(answer.headers[.contentDisposition] == #"attachment; filename="holiday.jpg""#)
        for changed in [
            signed.replacing("holiday", with: "other"), signed + "&download",
            try fixture.sign("a/p.jpg") + "&download=x",
        ] {
            #expect(try await fixture.application.send(.get, changed).status == 403)
        }
    }
}

extension HTTPFields {
    func with(_ name: HTTPField.Name, _ value: String) -> HTTPFields { adding([name: value]) }

    func adding(_ other: HTTPFields) -> HTTPFields {
        var both = self
        for field in other { both.append(field) }
        return both
    }
}
