import AccessControl
import HTTPTypes
import ImageRequests
import ImageService
import Logging
import NIOCore
import TestClock
import TestListener
import Testing
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// How often a client may ask, on every route, on the fast path and on the normal path.
@Suite("Rate limits of requests", .timeLimit(.minutes(2)))
struct LimitedPolicyTests {
    private static func secret(_ name: String) -> String { "secret-of-\(name)-" + String(repeating: "x", count: 32) }

    private static func header(_ name: String) -> HTTPFields { [.authorization: "Bearer \(secret(name))"] }

    /// An application with a limit, on a clock that stands still.
    private struct Limited {
        let service: ImageService
        let application: TestApplication
        let fastPath: ImageFastPath
        let limits: RateLimits
        let access: AccessControl
        let clock: ManualClock

        init(_ text: String, isPublic: Bool = true, hasKeys: Bool = true, audit: AuditLog? = nil) async throws {
            service = try await FastPathFixture.makeService()
            clock = ManualClock()
            let entries = ["one", "two"].map { "\($0):\(secret($0)):read write delete admin" }.joined(separator: ",")
            access = AccessControl(
                apiKeys: try APIKeys(parsing: entries),
                signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
                signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300))
            let rules = try #require(RateLimitRules(parsing: text))
            let clock = clock.clock
            limits = try #require(RateLimits(rules, hasCredentials: hasKeys, maximumPlaces: 1_024, clock: clock))
            var configuration = try FastPathFixture.makeConfiguration()
            configuration.readsArePublic = isPublic
            let inner: any RequestPolicy =
                hasKeys ? AccessPolicy(access, configuration) : KeylessPolicy(configuration)
            let policy = LimitedPolicy(inner, limits, hasKeys ? access : nil)
            application = try TestApplication(
                service, policy: policy, access: hasKeys ? access : nil, audit: audit)
            fastPath = ImageFastPath(service: service, configuration: configuration, policy: policy)
        }

        func status(
            _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields = [:], body: [UInt8] = [],
            from address: String = "127.0.0.1"
        ) async throws -> Int {
            try await application.send(method, target, headers, body: body, from: address).status
        }

        func fast(_ target: String, _ name: String? = nil, from address: String = "127.0.0.1") throws -> Int? {
            var request = FastRequest(isHead: false, target: ByteBuffer(string: "/api/v1/\(target)"))
            request.authorization = name.map { ByteBuffer(string: "Bearer \(secret($0))") }
            request.client = RequestClient(try SocketAddress(ipAddress: address, port: 1))
            return fastPath.answer(request)?.status
        }
    }

    @Test("The audit log names whose limit was used up")
    func audit() async throws {
        let lines = Notes<[String: String]>()
        let logger = Logger(label: "tintype.audit") { _ in NotingLogHandler(lines: lines) }
        let limited = try await Limited("writes=0.01/1", audit: AuditLog(logger: logger))
        for status in [404, 429] {
            #expect(try await limited.status(.delete, "images/a/none.jpg", Self.header("one")) == status)
        }
        let line = try #require(lines.all.last)
        #expect(line["audit.kind"] == "rejection" && line["problem.code"] == "rate_limited")
        #expect(line["access.identity"] == "key:one" && line["image.path"] == "a/none.jpg")
    }

    // MARK: Each request

    /// One row for each route and method.
    private static let rows: [(method: HTTPRequest.Method, target: String, isWrite: Bool, body: String)] = [
        (.get, "images/p.jpg", false, ""), (.head, "images/p.jpg", false, ""), (.get, "images/p.jpg?w=16", false, ""),
        (.get, "images/none.jpg", false, ""), (.get, "metadata/p.jpg", false, ""), (.head, "metadata/p.jpg", false, ""),
        (.get, "metadata/p.jpg?include=location", false, ""), (.get, "images", false, ""), (.head, "images", false, ""),
        (.get, "access", false, ""), (.head, "access", false, ""), (.get, "status", false, ""),
        (.head, "status", false, ""), (.post, "signed-urls", false, #"{"path":"p.jpg","expiresIn":60}"#),
        (.put, "images/q.jpg", true, "no image"), (.delete, "images/none.jpg", true, ""),
        (.post, "images/p.jpg/rotate?degrees=90", true, ""), (.post, "images", true, "no form"),
    ]

    @Test("Every route and method has a row")
    func complete() throws {
        for route in Route.all(try ImagePath("p.jpg".utf8)) {
            for method in route.methods {
                #expect(
                    Self.rows.contains { row in
                        let path = Route.split(target: "/api/v1/\(row.target)").path
                        guard row.method == method, let found = try? Route(method: method, path: path) else {
                            return false
                        }
                        return found.name(method) == route.name(method)
                    }, "\(route) \(method)")
            }
        }
    }

    @Test("Every request counts once, as a read or as a write", arguments: rows, [true, false])
    func counts(
        _ row: (method: HTTPRequest.Method, target: String, isWrite: Bool, body: String), hasKeys: Bool
    ) async throws {
        let counted = row.isWrite ? "writes" : "reads"
        let limited = try await Limited("\(counted)=0.01/3", hasKeys: hasKeys)
        let headers = hasKeys ? Self.header("one") : [:]
        for _ in 0..<3 {
            #expect(try await limited.status(row.method, row.target, headers, body: Array(row.body.utf8)) != 429)
        }
        let answer = try await limited.application.send(row.method, row.target, headers, body: Array(row.body.utf8))
        #expect(answer.status == 429)
        #expect(answer.headers[.retryAfter] == "100")
        #expect(answer.headers[.rateLimitPolicy] == "\"\(counted)\";q=3;w=300")
        #expect(answer.headers[.rateLimit] == "\"\(counted)\";r=0;t=100")
        #expect(answer.headers[.cacheControl] == "no-store")
        if row.method != .head { #expect(answer.text.contains(#""code":"rate_limited""#)) }
        // The other kind is not counted.
        let other = try await Limited(row.isWrite ? "reads=0.01/1" : "writes=0.01/1", hasKeys: hasKeys)
        for _ in 0..<3 {
            #expect(try await other.status(row.method, row.target, headers, body: Array(row.body.utf8)) != 429)
        }
        limited.clock.advance(by: .seconds(101))
        #expect(try await limited.status(row.method, row.target, headers, body: Array(row.body.utf8)) != 429)
    }

    @Test("A client is the key, else the address")
    func clients() async throws {
        let limited = try await Limited("reads=0.01/1", isPublic: true)
        let target = "images/p.jpg"
        // The same key from two addresses is one client.
        #expect(try await limited.status(.get, target, Self.header("one"), from: "192.0.2.1") == 200)
        #expect(try await limited.status(.get, target, Self.header("one"), from: "192.0.2.2") == 429)
        #expect(try await limited.status(.get, target, [.apiKey: Self.secret("one")], from: "192.0.2.3") == 429)
        #expect(try await limited.status(.get, target, Self.header("two"), from: "192.0.2.1") == 200)
        // Without a credential the address counts; of IPv6 its network of 64 bits.
        #expect(try await limited.status(.get, target, from: "192.0.2.1") == 200)
        #expect(try await limited.status(.get, target, from: "192.0.2.1") == 429)
        #expect(try await limited.status(.get, target, from: "192.0.2.2") == 200)
        #expect(try await limited.status(.get, target, from: "::ffff:192.0.2.2") == 429)
        #expect(try await limited.status(.get, target, from: "2001:db8::1") == 200)
        #expect(try await limited.status(.get, target, from: "2001:db8::ffff:1") == 429)
        #expect(try await limited.status(.get, target, from: "2001:db8:0:1::1") == 200)
    }

    @Test("What is not permitted is not counted, and is not hidden by the limit")
    func order() async throws {
        let limited = try await Limited("reads=0.01/1", isPublic: false)
        for _ in 0..<3 { #expect(try await limited.status(.get, "images/p.jpg") == 401) }
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one")) == 200)
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one")) == 429)
        #expect(try await limited.status(.get, "images/p.jpg") == 401)
    }

    @Test("A form counts once for each file, and is not rejected in its middle")
    func forms() async throws {
        let limited = try await Limited("writes=0.1/2")
        func form(files: Int) -> [UInt8] {
            var text = ""
            for number in 0..<files {
                text += "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\(number)\"\r\n\r\nno image\r\n"
            }
            return Array((text + "--x--\r\n").utf8)
        }
        var headers = Self.header("one")
        headers[.contentType] = "multipart/form-data; boundary=x"
        #expect(try await limited.status(.post, "images", headers, body: form(files: 5)) == 207)
        let rejected = try await limited.application.send(.post, "images", headers, body: form(files: 1))
        #expect(rejected.status == 429 && rejected.headers[.retryAfter] == "40")
        limited.clock.advance(by: .seconds(40))
        #expect(try await limited.status(.post, "images", headers, body: form(files: 1)) == 415)
        #expect(try await limited.status(.post, "images", headers, body: form(files: 1)) == 429)
    }

    // MARK: Hits

    @Test("A hit counts once, whichever way it takes", arguments: [true, false])
    func hits(isPublic: Bool) async throws {
        let limited = try await Limited("reads=0.01/6", isPublic: isPublic)
        let target = "images/p.jpg"
        let name = isPublic ? nil : "one"
        let headers = name.map(Self.header) ?? [:]
        // The first one fills the cache, and verifies the credential.
        #expect(try await limited.status(.get, target, headers) == 200)
        for _ in 0..<3 { #expect(try limited.fast(target, name) == 200) }
        // What the fast path does not have, the normal path answers and counts.
        #expect(try limited.fast("images/p.jpg?w=16", name) == nil)
        #expect(try await limited.status(.get, "images/p.jpg?w=16", headers) == 200)
        #expect(try limited.fast(target, name) == 200)
        #expect(try limited.fast(target, name) == nil)
        #expect(try await limited.status(.get, target, headers) == 429)
        // Another client is not.
        #expect(try limited.fast(target, isPublic ? nil : "two", from: "192.0.2.7") == 200)
        limited.clock.advance(by: .seconds(100))
        #expect(try limited.fast(target, name) == 200)
        #expect(try limited.fast(target, name) == nil)
    }

    @Test("A key is one client on both ways, from all addresses")
    func hitsOfKeys() async throws {
        let limited = try await Limited("reads=0.01/4")
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one")) == 200)
        for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
            #expect(try limited.fast("images/p.jpg", "one", from: address) == 200)
        }
        #expect(try limited.fast("images/p.jpg", "one", from: "192.0.2.3") == nil)
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one"), from: "192.0.2.4") == 429)
        #expect(try limited.fast("images/p.jpg", from: "192.0.2.1") == 200)
        // After a reload the key is somebody else's.
        limited.access.replace(apiKeys: try APIKeys(parsing: "new:\(Self.secret("one")):read"))
        #expect(try limited.fast("images/p.jpg", "one", from: "192.0.2.1") == 200)
    }

    @Test("Without a limit of reads, the fast path asks nobody")
    func noLimit() async throws {
        let limited = try await Limited("writes=1/1")
        #expect(
            LimitedPolicy(KeylessPolicy(try FastPathFixture.makeConfiguration()), limited.limits, nil).hitLimit == nil)
        #expect(KeylessPolicy(try FastPathFixture.makeConfiguration()).hitLimit == nil)
        #expect(try await limited.status(.get, "images/p.jpg") == 200)
        for _ in 0..<100 { #expect(try limited.fast("images/p.jpg") == 200) }
    }

    // MARK: Failed credentials

    @Test("An address without failures left gets 429 for credentials that are not known, and known ones work")
    func failures() async throws {
        let limited = try await Limited("failures=0.1/3", isPublic: true)
        let bad = "192.0.2.66"
        let attempts: [HTTPFields] = [
            [.authorization: "Bearer nonsense"], [.apiKey: "nonsense"], [.authorization: "Basic YTpi"],
        ]
        for headers in attempts {
            #expect(try await limited.status(.get, "images/p.jpg", headers, from: bad) == 401)
        }
        for headers in attempts {
            let answer = try await limited.application.send(.get, "images/p.jpg", headers, from: bad)
            #expect(answer.status == 429 && answer.headers[.retryAfter] == "10")
            #expect(answer.headers[.rateLimitPolicy] == #""failures";q=3;w=30"#)
            #expect(!answer.text.contains("nonsense"))
        }
        // A known key, and no credential at all.
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one"), from: bad) == 200)
        #expect(try await limited.status(.get, "images/p.jpg", from: bad) == 200)
        #expect(try await limited.status(.get, "images/p.jpg", attempts[0], from: "192.0.2.67") == 401)
        limited.clock.advance(by: .seconds(10))
        #expect(try await limited.status(.get, "images/p.jpg", attempts[0], from: bad) == 401)
        #expect(try await limited.status(.get, "images/p.jpg", attempts[0], from: bad) == 429)
    }

    @Test("A token is verified only while its address has failures left, and a valid one is given back")
    func tokens() async throws {
        let secret = String(repeating: "j", count: 32)
        let source = TokenKeySource(
            secrets: await TokenKeys(hmacSecrets: [try TokenSecret(secret)]), remote: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let access = AccessControl(
            signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300),
            tokens: TokenAccess(
                TokenAuthenticator(keys: source, cache: VerifiedTokens(), issuer: nil, audience: nil),
                template: try #require(PrefixTemplate("all"))))
        let configuration = try FastPathFixture.makeConfiguration()
        let rules = try #require(RateLimitRules(parsing: "failures=0.001/2,reads=0.001/20"))
        let clock = ManualClock().clock
        let limits = try #require(RateLimits(rules, hasCredentials: true, maximumPlaces: 1_024, clock: clock))
        let application = try TestApplication(
            try await FastPathFixture.makeService(),
            policy: LimitedPolicy(AccessPolicy(access, configuration), limits, access), access: access)
        let now = Timestamp.now.seconds
        func token(_ subject: String) throws -> HTTPFields {
            let claims = #"{"sub":"\#(subject)","scope":"read","exp":\#(now + 600)}"#
            let text = TestToken.sign(
                claims: Array(claims.utf8), algorithm: .hs256, secret: try TokenSecret(secret))
            return [.authorization: "Bearer \(try #require(text))"]
        }
        func status(_ headers: HTTPFields) async throws -> Int {
            try await application.send(.get, "images/p.jpg", headers, from: "192.0.2.1").status
        }
        // More users than failures, each verified for the first time.
        for number in 0..<5 { #expect(try await status(try token("user \(number)")) == 200) }
        let known = try token("user 0")
        for _ in 0..<2 { #expect(try await status([.authorization: "Bearer a.b.c"]) == 401) }
        // The token is good, but the server must not spend a signature on it now.
        #expect(try await status(try token("user 6")) == 429)
        #expect(try await status(known) == 200)
        // Each subject has a bucket of its own.
        for _ in 0..<18 { #expect(try await status(known) == 200) }
        #expect(try await status(known) == 429)
        #expect(try await status(try token("user 1")) == 200)
    }

    @Test("A valid credential that may not do this is no failure")
    func forbidden() async throws {
        let limited = try await Limited("failures=0.001/1")
        limited.access.replace(apiKeys: try APIKeys(parsing: "new:\(Self.secret("new")):read"))
        for _ in 0..<5 {
            #expect(try await limited.status(.delete, "images/p.jpg", Self.header("new")) == 403)
        }
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one")) == 401)
        #expect(try await limited.status(.get, "images/p.jpg", Self.header("one")) == 429)
    }
}
