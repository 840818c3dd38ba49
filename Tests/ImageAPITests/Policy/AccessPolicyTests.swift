import AccessControl
import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import Testing
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// Who may do what, on every route, on the fast path and on the normal path.
@Suite("Access with credentials", .timeLimit(.minutes(2)))
struct AccessPolicyTests {
    private static let keys: [(name: String, scopes: String, prefixes: String?)] =
        ["read", "write", "delete", "admin", "read write"].flatMap { scope in
            let name = scope.replacing(" ", with: "-")
            return [("\(name)-all", scope, nil), ("\(name)-a", scope, "a/"), ("\(name)-b", scope, "b/")]
        }

    private static func secret(_ name: String) -> String { "secret-of-\(name)-" + String(repeating: "x", count: 32) }

    private static func access() throws -> AccessControl {
        let entries = keys.map { key in
            "\(key.name):\(secret(key.name)):\(key.scopes)" + (key.prefixes.map { ":\($0)" } ?? "")
        }
        return AccessControl(
            apiKeys: try APIKeys(parsing: entries.joined(separator: ",")),
            signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300))
    }

    private static func makeService() async throws -> ImageService {
        let service = try await FastPathFixture.makeService()
        for path in ["a/p.jpg", "b/p.jpg"] { try await FastPathFixture.store(path, 9_000, in: service) }
        return service
    }

    private static func application(
        _ service: ImageService, isPublic: Bool, now: @escaping WallClock = { Timestamp.now }
    ) throws -> (application: TestApplication, policy: AccessPolicy, access: AccessControl) {
        let access = try access()
        var configuration = try FastPathFixture.makeConfiguration()
        configuration.readsArePublic = isPublic
        let policy = AccessPolicy(access, configuration, now: now)
        return (try TestApplication(service, policy: policy, access: access), policy, access)
    }

    /// One row for each route and method. A path is under `a/`.
    private struct Row: Sendable, CustomTestStringConvertible {
        var method: HTTPRequest.Method
        var target: String
        /// Nil: every credential will do.
        var scope: String?
        /// Whether the credential's prefixes must cover `a/`.
        var hasPath = true
        /// Whether a public server needs no credential.
        var isRead = false
        var body: [UInt8] = []

        var testDescription: String { "\(method) \(target)" }
    }

    private static let rows = [
        Row(method: .get, target: "images/a/p.jpg", scope: "read", isRead: true),
        Row(method: .get, target: "images/a/p.jpg?w=16", scope: "read", isRead: true),
        Row(method: .head, target: "images/a/p.jpg", scope: "read", isRead: true),
        Row(method: .put, target: "images/a/p.jpg", scope: "write"),
        Row(method: .delete, target: "images/a/none.jpg", scope: "delete"),
        Row(method: .post, target: "images/a/p.jpg/rotate?degrees=90", scope: "write"),
        Row(method: .get, target: "metadata/a/p.jpg", scope: "read", isRead: true),
        Row(method: .head, target: "metadata/a/p.jpg", scope: "read", isRead: true),
        Row(method: .get, target: "metadata/a/p.jpg?include=location", scope: "read write"),
        Row(method: .get, target: "images?prefix=a/", scope: "read"),
        Row(method: .get, target: "images?prefix=a/x&limit=1", scope: "read"),
        Row(method: .head, target: "images?prefix=a/", scope: "read"),
        Row(method: .post, target: "images", scope: "write", hasPath: false),
        Row(
            method: .post, target: "signed-urls", scope: "read",
            body: Array(#"{"path":"a/p.jpg","expiresIn":60}"#.utf8)),
        Row(
            method: .post, target: "signed-urls", scope: "read",
            body: Array(#"[{"path":"a/p.jpg","expiresIn":60},{"path":"a/q.jpg","expiresIn":60}]"#.utf8)),
        Row(method: .get, target: "access", hasPath: false),
        Row(method: .head, target: "access", hasPath: false),
        Row(method: .get, target: "status", scope: "admin", hasPath: false),
        Row(method: .head, target: "status", scope: "admin", hasPath: false),
    ]

    /// A route without a row fails here.
    @Test("Every route and method has a row")
    func complete() throws {
        let path = try ImagePath("a/p.jpg".utf8)
        for route in Route.all(path) {
            for method in route.methods {
                #expect(
                    Self.rows.contains { row in
                        let split = Route.split(target: "/api/v1/\(row.target)").path
                        guard row.method == method, let found = try? Route(method: method, path: split) else {
                            return false
                        }
                        return found.name(method) == route.name(method)
                    }, "\(route) \(method)")
            }
        }
    }

    @Test("The table of rights", arguments: rows, [true, false])
    private func table(_ row: Row, isPublic: Bool) async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: isPublic)
        func status(_ headers: HTTPFields) async throws -> Int {
            try await application.send(row.method, row.target, headers, body: row.body).status
        }
        // A bad credential is refused everywhere.
        for bad in ["Bearer nonsense", "Basic YTpi", "Bearer", "Bearer a b"] {
            #expect(try await status([.authorization: bad]) == 401, "\(bad)")
        }
        #expect(try await status([.apiKey: "nonsense"]) == 401)
        let isOpen = isPublic && row.isRead
        let anonymous = try await status([:])
        #expect(isOpen ? anonymous < 300 : anonymous == 401, "\(anonymous)")
        for key in Self.keys {
            let mayAct =
                isOpen || row.scope == nil
                || (Scopes(parsing: key.scopes).isSuperset(of: Scopes(parsing: row.scope ?? ""))
                    && (!row.hasPath || key.prefixes == nil || key.prefixes == "a/"))
            let secret = Self.secret(key.name)
            for headers in [[.authorization: "Bearer \(secret)"], [.apiKey: secret]] as [HTTPFields] {
                let status = try await status(headers)
                #expect(mayAct ? ![401, 403].contains(status) : status == 403, "\(key.name): \(status)")
            }
        }
        // Two credentials contradict each other.
        let secret = Self.secret("read-write-all")
        #expect(try await status([.authorization: "Bearer \(secret)", .apiKey: secret]) == 401)
    }

    /// The status is the same whether or not the image exists.
    @Test("A rejection tells nothing about the image", arguments: ["images/b/p.jpg", "images/b/none.jpg"])
    func oracle(_ target: String) async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: false)
        let key: HTTPFields = [.authorization: "Bearer \(Self.secret("read-a"))"]
        for headers in [HTTPFields(), [.ifNoneMatch: "*"], [.ifMatch: "\"x\""], [.range: "bytes=0-0"]] {
            for suffix in ["", "?w=16", "?v=1", "?w=nonsense"] {
                let answer = try await application.send(.get, target + suffix, key.merging(headers))
                #expect(answer.status == 403 && !answer.text.contains("p.jpg"))
                #expect(try await application.send(.get, target + suffix, headers).status == 401)
            }
        }
        for method in [HTTPRequest.Method.put, .delete, .head] {
            #expect(try await application.send(method, target, key).status == 403)
        }
    }

    @Test(
        "A listing is only of what is wholly inside a prefix",
        arguments: [
            "", "prefix=", "prefix=a", "prefix=b/", "prefix=A/", "prefix=a/&prefix=b/", "delimiter=/", "pre%66ix=b/",
        ])
    func listing(_ query: String) async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: true)
        let key: HTTPFields = [.authorization: "Bearer \(Self.secret("read-a"))"]
        #expect(try await application.send(.get, "images?\(query)", key).status == 403)
    }

    @Test("A form is authorised for the place that it names, before a file is stored")
    func forms() async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: true)
        func send(_ fields: [(String, String)]) async throws -> Int {
            var text = ""
            for (name, value) in fields {
                text += "--x\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
            }
            text += "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.jpg\"\r\n\r\nno image\r\n--x--\r\n"
            let headers: HTTPFields = [
                .authorization: "Bearer \(Self.secret("write-a"))", .contentType: "multipart/form-data; boundary=x",
            ]
            return try await application.send(.post, "images", headers, body: Array(text.utf8)).status
        }
        #expect(try await send([]) == 403)
        #expect(try await send([("prefix", "b")]) == 403)
        #expect(try await send([("path", "b/p.jpg")]) == 403)
        #expect(try await send([("prefix", "a")]) == 415)
        #expect(try await send([("path", "a/q.jpg")]) == 415)
    }

    @Test("The caller learns what its credential permits")
    func access() async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: false)
        let answer = try await application.send(.get, "access", [.authorization: "Bearer \(Self.secret("read-a"))"])
        #expect(
            answer.text == #"{"expiresAt":null,"name":"read-a","prefixes":["a/"],"scopes":["read"],"subject":null}"#)
        #expect(answer.headers[.cacheControl] == "private, no-store")
    }

    @Test("401 names the scheme, and no rejection shows the credential")
    func challenge() async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: false)
        let missing = try await application.send(.get, "images/a/p.jpg")
        #expect(missing.headers[.wwwAuthenticate] == "Bearer" && missing.headers[.cacheControl] == "no-store")
        let bad = try await application.send(.get, "images/a/p.jpg", [.authorization: "Bearer hunter2"])
        #expect(bad.headers[.wwwAuthenticate] == #"Bearer error="invalid_token""#)
        #expect(!bad.text.contains("hunter2"))
    }

    @Test("Protected images are private to caches")
    func caching() async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: false)
        let key: HTTPFields = [.authorization: "Bearer \(Self.secret("read-all"))"]
        let plain = try await application.send(.get, "images/a/p.jpg", key)
        #expect(plain.headers[.cacheControl]?.hasPrefix("private") == true)
        let metadata = try await application.send(.get, "metadata/a/p.jpg", key)
        let version = try #require(metadata.text.firstMatch(of: /"version":"([^"]+)"/)?.1)
        let versioned = try await application.send(.get, "images/a/p.jpg?v=\(version)", key)
        #expect(versioned.headers[.cacheControl] == "private, max-age=31536000, immutable")
    }

    // MARK: Signed URLs

    private static func sign(
        _ access: AccessControl, _ path: String, _ query: String = "", for seconds: Int64 = 600,
        now: Int64 = Timestamp.now.seconds
    ) throws -> String {
        let signed = try #require(access.sign(path: path.utf8, query: query, for: seconds, now: now))
        return "images/\(path)?\(signed.query)"
    }

    @Test("A signed URL opens GET and HEAD of its image, and nothing else", arguments: [true, false])
    func signed(isPublic: Bool) async throws {
        let service = try await Self.makeService()
        let (application, _, access) = try Self.application(service, isPublic: isPublic)
        for query in ["", "w=16&format=png"] {
            let target = try Self.sign(access, "a/p.jpg", query)
            #expect(try await application.send(.get, target).status == 200)
            #expect(try await application.send(.head, target).status == 200)
            for changed in [
                target + "&w=8", target.replacing("a/p.jpg", with: "b/p.jpg"), target + "&x", target + "0",
                target.replacing("&sig=", with: "&sig=x"),
            ] {
                #expect(try await application.send(.get, changed).status == 403, "\(changed)")
            }
            let metadata = target.replacing("images/", with: "metadata/")
            #expect(try await application.send(.get, metadata).status == (isPublic ? 200 : 401))
            for method in [HTTPRequest.Method.put, .delete] {
                #expect(try await application.send(method, target).status == 401)
            }
            let rotate = target.replacing("p.jpg?", with: "p.jpg/rotate?degrees=90&")
            #expect(try await application.send(.post, rotate).status == 401)
        }
    }

    @Test("No lifetime passes the end of a signed URL, and hints do not change the rendition")
    func signedCaching() async throws {
        let service = try await Self.makeService()
        let now = Timestamp(seconds: 1_800_000_030)
        let (application, _, access) = try Self.application(service, isPublic: false, now: { now })
        let version = try await service.describe(try ImagePath("a/p.jpg".utf8)).version
        for (seconds, expected) in [(600, "private, max-age=840, immutable"), (1, "private, max-age=240, immutable")] {
            let target = try Self.sign(access, "a/p.jpg", "v=\(version)", for: Int64(seconds), now: now.seconds)
            let answer = try await application.send(.get, target)
            #expect(answer.headers[.cacheControl] == expected)
        }
        let plain = try await application.send(.get, try Self.sign(access, "a/p.jpg", now: now.seconds))
        #expect(plain.headers[.cacheControl] == "private, no-cache")
    }

    @Test("Keys for signed URLs alone let nobody else read, and leave writes to the rules without credentials")
    func signingKeysAlone() async throws {
        let service = try await Self.makeService()
        let access = AccessControl(
            signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300), hasCredentials: false)
        var configuration = try FastPathFixture.makeConfiguration()
        configuration.readsArePublic = false
        let application = try TestApplication(
            service, policy: AccessPolicy(access, configuration), access: access)
        // From this machine, and through a proxy.
        let proxied: HTTPFields = [.via: "1.1 proxy"]
        for target in ["images/a/p.jpg", "metadata/a/p.jpg", "images", "images?prefix=a/"] {
            for headers in [proxied, [:]] {
                #expect(try await application.send(.get, target, headers).status == 401, "\(target)")
            }
        }
        for (method, target) in [(HTTPRequest.Method.delete, "images/a/none.jpg"), (.get, "status")] {
            #expect(try await application.send(method, target, proxied).status == 403, "\(target)")
            #expect(try await application.send(method, target).status != 403, "\(target)")
        }
        let signed = try Self.sign(access, "a/p.jpg")
        #expect(try await application.send(.get, signed, proxied).status == 200)
        #expect(try await application.send(.get, signed + "&x", proxied).status == 403)
    }

    @Test("The server signs what the caller may read")
    func signing() async throws {
        let service = try await Self.makeService()
        let (application, _, _) = try Self.application(service, isPublic: false)
        let key: HTTPFields = [.authorization: "Bearer \(Self.secret("read-a"))"]
        func sign(_ body: String) async throws -> TestApplication.Answer {
            try await application.send(.post, "signed-urls", key, body: Array(body.utf8))
        }
        let answer = try await sign(#"{"path":"a/p.jpg","query":"w=16&format=png","expiresIn":60}"#)
        #expect(answer.status == 200)
        let url = try #require(answer.text.firstMatch(of: /"url":"\/api\/v1\/(images[^"]+)"/)?.1)
        #expect(try await application.send(.get, String(url)).status == 200)
        for (body, status) in [
            (#"{"path":"b/p.jpg","expiresIn":60}"#, 403),
            (#"[{"path":"a/p.jpg","expiresIn":60},{"path":"b/p.jpg","expiresIn":60}]"#, 403),
            (#"{"path":"a/p.jpg","expiresIn":0}"#, 400), (#"{"path":"a/p.jpg","expiresIn":3601}"#, 400),
            (#"{"path":"a/p.jpg"}"#, 400), (#"{"path":"a//p.jpg","expiresIn":1}"#, 400), ("[]", 400), ("", 400),
            (#"{"path":"a/p.jpg","query":"sig=1","expiresIn":1}"#, 400),
            (#"{"path":"a/p.jpg","query":"%65xp=1","expiresIn":1}"#, 400),
            (#"{"path":"a/p.jpg","query":"w=1#x","expiresIn":1}"#, 400),
        ] {
            #expect(try await sign(body).status == status, "\(body)")
        }
    }

    // MARK: Hits

    private func request(_ target: String, _ credential: String? = nil) -> FastRequest {
        var request = FastRequest(isHead: false, target: ByteBuffer(string: "/api/v1/\(target)"))
        request.authorization = credential.map { ByteBuffer(string: "Bearer \($0)") }
        return request
    }

    /// For every target and credential that the fast path answers, the normal path gives the same status; and what the
    /// normal path rejects, the fast path never answers.
    @Test("Hits obey the same rules", arguments: [true, false])
    func hits(isPublic: Bool) async throws {
        let service = try await Self.makeService()
        let (application, policy, access) = try Self.application(service, isPublic: isPublic)
        let configuration = try FastPathFixture.makeConfiguration()
        let fastPath = ImageFastPath(service: service, configuration: configuration, policy: policy)
        let good = try Self.sign(access, "a/p.jpg")
        let targets = [
            "images/a/p.jpg", "images/b/p.jpg", "images/%61/p.jpg", "images/a%2Fp.jpg", good, good + "&x=1",
            good.replacing("a/p.jpg", with: "b/p.jpg"), "images/a/p.jpg?sig=x", "images/a/p.jpg?s%69g=x",
            "images/a/../b/p.jpg", try Self.sign(access, "a/p.jpg", now: 1_000),
        ]
        let credentials = [nil, "nonsense"] + Self.keys.map { Self.secret($0.name) }
        var fastAnswers = 0
        for round in 0..<4 {
            for target in targets {
                for credential in credentials {
                    let fast = fastPath.answer(request(target, credential))
                    let headers: HTTPFields = credential.map { [.authorization: "Bearer \($0)"] } ?? [:]
                    let answer = try await application.send(.get, target, headers)
                    guard let fast else { continue }
                    fastAnswers += 1
                    #expect(fast.status == answer.status, "\(round) \(target) \(credential ?? "")")
                    let control = answer.headers[.cacheControl] ?? ""
                    #expect(String(buffer: fast.head).contains("Cache-Control: \(control)\r\n"))
                }
            }
        }
        #expect(fastAnswers > 20)
    }

    @Test("After a reload, a key that is gone opens no hit")
    func reload() async throws {
        let service = try await Self.makeService()
        let (application, policy, access) = try Self.application(service, isPublic: false)
        let fastPath = ImageFastPath(
            service: service, configuration: try FastPathFixture.makeConfiguration(), policy: policy)
        let secret = Self.secret("read-a")
        let target = "images/a/p.jpg"
        for _ in 0..<3 {
            #expect(try await application.send(.get, target, [.authorization: "Bearer \(secret)"]).status == 200)
        }
        #expect(fastPath.answer(request(target, secret))?.status == 200)
        access.replace(apiKeys: try APIKeys(parsing: "other:\(String(repeating: "o", count: 32)):read"))
        #expect(fastPath.answer(request(target, secret)) == nil)
        #expect(try await application.send(.get, target, [.authorization: "Bearer \(secret)"]).status == 401)
        let signed = try Self.sign(access, "a/p.jpg")
        #expect(fastPath.answer(request(signed))?.status == 200)
        access.replace(signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "t", count: 32))"))
        #expect(fastPath.answer(request(signed)) == nil)
        #expect(try await application.send(.get, signed).status == 403)
    }
}

extension HTTPFields {
    fileprivate func merging(_ other: HTTPFields) -> HTTPFields {
        var merged = self
        for field in other { merged.append(field) }
        return merged
    }
}
