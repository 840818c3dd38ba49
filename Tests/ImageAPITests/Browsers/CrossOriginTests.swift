import HTTPTypes
import ImageRequests
import ImageService
import Testing

@testable import ImageAPI

/// What a browser lets scripts of other origins do: Fetch, section 3.2 and "CORS check".
@Suite("Pages of other origins", .timeLimit(.minutes(1)))
struct CrossOriginTests {
    private static let shop = BrowserFixture.shop
    private static let evil = "https://evil.example"

    /// Requests for every kind of answer.
    private static let requests: [(HTTPRequest.Method, String, HTTPFields)] = [
        (.get, "images/a/p.jpg", BrowserFixture.key), (.head, "images/a/p.jpg", BrowserFixture.key),
        (.get, "images/a/p.jpg?w=16", BrowserFixture.key), (.get, "images/a/p.jpg?w=0", BrowserFixture.key),
        (.get, "images/a/none.jpg", BrowserFixture.key), (.get, "metadata/a/p.jpg", BrowserFixture.key),
        (.get, "images?prefix=a/", BrowserFixture.key), (.get, "images?prefix=b/", BrowserFixture.key),
        (.put, "images/a/q.jpg", BrowserFixture.key), (.put, "images/a/q.jpg", [:]), (.get, "access", [:]),
        (.get, "status", BrowserFixture.key), (.post, "signed-urls", BrowserFixture.key), (.get, "nothing", [:]),
        (.post, "images", BrowserFixture.key), (.patch, "images/a/p.jpg", [:]), (.get, "images/a//b", [:]),
        (.delete, "images/a/none.jpg", BrowserFixture.key), (.get, "images/a/p.jpg", [.authorization: "x"]),
        (.get, "images/a/p.jpg", BrowserFixture.key.with(.ifNoneMatch, "*")),
        (.get, "images/a/p.jpg?w=16", BrowserFixture.key.with(.ifMatch, "\"x\"")),
    ]

    @Test("A listed origin may read every answer, another one none", arguments: [true, false])
    func listed(isPublic: Bool) async throws {
        let fixture = try await BrowserFixture(isPublic: isPublic)
        for (method, target, headers) in Self.requests {
            let own = try await fixture.application.send(method, target, headers.with(.origin, Self.shop))
            #expect(own.headers[values: .accessControlAllowOrigin] == [Self.shop], "\(method) \(target)")
            for name in ["ETag", "Location", "Retry-After", "Content-Disposition", "RateLimit", "Upload-Offset"] {
                #expect(own.headers[.accessControlExposeHeaders]?.split(separator: ", ").contains(name[...]) == true)
            }
            for origins in [
                [], [Self.evil], ["null"], ["HTTPS://SHOP.EXAMPLE"], [Self.shop + "/"], [Self.shop, Self.shop],
            ] {
                var sent = headers
                for origin in origins { sent.append(HTTPField(name: .origin, value: origin)) }
                let answer = try await fixture.application.send(method, target, sent)
                #expect(answer.status == own.status, "\(method) \(target) \(origins)")
                #expect(answer.headers[.accessControlAllowOrigin] == nil, "\(method) \(target) \(origins)")
                #expect(answer.headers[.accessControlExposeHeaders] == nil)
                #expect(Self.variesByOrigin(answer), "\(method) \(target) \(answer.headers[.vary] ?? "")")
            }
            #expect(Self.variesByOrigin(own) && own.headers[.accessControlAllowCredentials] == nil)
        }
    }

    private static func variesByOrigin(_ answer: TestApplication.Answer) -> Bool {
        let names = answer.headers[values: .vary].flatMap { $0.split(separator: ", ") }
        return names.count { $0 == "Origin" } == 1
    }

    @Test("With *, every page may read what everybody may read, and nothing else", arguments: [true, false])
    func everybody(isPublic: Bool) async throws {
        let fixture = try await BrowserFixture(
            isPublic: isPublic, origins: AllowedOrigins([Self.shop], allowsPublicReads: true))
        let signed = try fixture.sign("a/p.jpg")
        let key = BrowserFixture.key
        let open = isPublic ? "*" : nil
        for (method, target, headers, expected) in [
            (.get, "images/a/p.jpg", key, open), (.get, "metadata/a/p.jpg", key, open),
            (.get, "images/a/none.jpg", key, open), (.get, signed, [:], "*"), (.get, signed + "x", [:], nil),
            (.get, "metadata/a/p.jpg?include=location", key, nil), (.get, "images?prefix=a/", key, nil),
            (.put, "images/a/q.jpg", key, nil), (.delete, "images/a/none.jpg", key, nil), (.get, "access", key, nil),
        ] as [(HTTPRequest.Method, String, HTTPFields, String?)] {
            for origin in [[:], [.origin: Self.evil], [.origin: "null"]] as [HTTPFields] {
                let answer = try await fixture.application.send(method, target, headers.adding(origin))
                #expect(answer.headers[.accessControlAllowOrigin] == expected, "\(target)")
                #expect(Self.variesByOrigin(answer))
            }
            let listed = try await fixture.application.send(method, target, headers.with(.origin, Self.shop))
            #expect(listed.headers[values: .accessControlAllowOrigin] == [Self.shop])
        }
    }

    @Test("Without CORS_ORIGINS there are no such fields")
    func none() async throws {
        let fixture = try await BrowserFixture(isPublic: true, origins: AllowedOrigins())
        for (method, target, headers) in Self.requests {
            let answer = try await fixture.application.send(method, target, headers.with(.origin, Self.shop))
            #expect(answer.headers[.accessControlAllowOrigin] == nil && !Self.variesByOrigin(answer))
        }
        let answer = try await fixture.application.send(.options, "images/a/p.jpg", Self.preflight(.get))
        #expect(answer.status == 204 && answer.headers[.accessControlAllowOrigin] == nil)
    }

    // MARK: Preflight

    private static func preflight(
        _ method: HTTPRequest.Method, _ origin: String = shop, _ fields: String = "authorization"
    ) -> HTTPFields {
        [.origin: origin, .accessControlRequestMethod: method.rawValue, .accessControlRequestHeaders: fields]
    }

    @Test("A preflight needs no credential, on every route and any path", arguments: [true, false])
    func preflights(isPublic: Bool) async throws {
        let fixture = try await BrowserFixture(isPublic: isPublic)
        let image = "GET, HEAD, PUT, DELETE"
        for (target, methods) in [
            ("images/a/p.jpg", image), ("images/a/none.jpg?w=x", image), ("images/a/p.jpg/rotate", "\(image), POST"),
            ("images", "GET, HEAD, POST"), ("metadata/a/p.jpg", "GET, HEAD"), ("signed-urls", "POST"),
            ("access", "GET, HEAD"), ("status", "GET, HEAD"), ("images/a//b", "\(image), POST"),
            ("images/%zz", "\(image), POST"), ("metadata/../x", "GET, HEAD"),
        ] {
            for extra in [[:], [.authorization: "Bearer nonsense"]] as [HTTPFields] {
                let answer = try await fixture.application.send(.options, target, Self.preflight(.put).adding(extra))
                #expect(answer.status == 204 && answer.bytes.isEmpty, "\(target)")
                #expect(answer.headers[.accessControlAllowOrigin] == Self.shop)
                #expect(answer.headers[.accessControlAllowMethods] == methods, "\(target)")
                #expect(answer.headers[.accessControlMaxAge] == "7200")
                let allowed = (answer.headers[.accessControlAllowHeaders] ?? "").lowercased()
                for name in [
                    "authorization", "x-api-key", "content-type", "if-match", "if-none-match", "range", "tus-resumable",
                    "upload-offset", "upload-metadata",
                ] {
                    #expect(allowed.split(separator: ", ").contains(name[...]), "\(name)")
                }
                #expect(answer.headers[.vary] == "Origin" && answer.headers[.accessControlAllowCredentials] == nil)
                // Without Origin, and from another page: only what the resource has.
                for other in [[:], Self.preflight(.put, Self.evil), [.origin: Self.shop]] as [HTTPFields] {
                    let plain = try await fixture.application.send(.options, target, other.adding(extra))
                    #expect(plain.status == 204 && plain.headers[.allow] == methods + ", OPTIONS")
                    #expect(plain.headers[.accessControlAllowOrigin] == nil && plain.headers[.vary] == "Origin")
                    #expect(plain.headers[.accessControlAllowMethods] == nil)
                }
            }
        }
        let unknown = try await fixture.application.send(.options, "nothing", Self.preflight(.get))
        #expect(unknown.status == 404 && unknown.headers[.accessControlAllowOrigin] == Self.shop)
    }

    @Test("With *, a preflight of any page is for reads without a credential")
    func openPreflight() async throws {
        let fixture = try await BrowserFixture(
            isPublic: true, origins: AllowedOrigins([Self.shop], allowsPublicReads: true))
        for (method, target, isAllowed) in [
            (.get, "images/a/p.jpg", true), (.head, "metadata/a/p.jpg", true), (.put, "images/a/p.jpg", false),
            (.delete, "images/a/p.jpg", false), (.get, "images", false), (.get, "access", false),
            (.post, "signed-urls", false),
        ] as [(HTTPRequest.Method, String, Bool)] {
            let answer = try await fixture.application.send(.options, target, Self.preflight(method, Self.evil))
            #expect(answer.status == 204)
            #expect(answer.headers[.accessControlAllowOrigin] == (isAllowed ? "*" : nil), "\(method) \(target)")
            #expect(answer.headers[.accessControlAllowMethods] == (isAllowed ? "GET, HEAD" : nil))
            #expect(answer.headers[.accessControlAllowHeaders]?.contains("Authorization") != true)
            #expect(answer.headers[.accessControlAllowHeaders]?.contains("If-None-Match") == (isAllowed ? true : nil))
            let listed = try await fixture.application.send(.options, target, Self.preflight(method))
            #expect(listed.headers[.accessControlAllowOrigin] == Self.shop)
        }
    }
}
