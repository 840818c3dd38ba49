import AccessControl
import HTTPTypes
import ImageCodecs
import ImageModel
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import Synchronization
import Testing
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// Policies by prefix, on the fast path and on the normal path.
@Suite("Policies by prefix", .timeLimit(.minutes(2)))
struct PathPolicyTests {
    /// A server with policies, its clock, and both ways to ask it.
    private struct Server {
        let service: ImageService
        let access: AccessControl
        let application: TestApplication
        let fastPath: ImageFastPath
        let seconds: Clock

        func send(
            _ method: HTTPRequest.Method, _ target: String, key: String? = nil, _ headers: HTTPFields = [:],
            body: [UInt8] = []
        ) async throws -> TestApplication.Answer {
            var headers = headers
            if let key { headers[.authorization] = "Bearer \(secret(key))" }
            return try await application.send(method, target, headers, body: body)
        }

        func status(
            _ method: HTTPRequest.Method, _ target: String, key: String? = nil, _ headers: HTTPFields = [:],
            body: [UInt8] = []
        ) async throws -> Int {
            try await send(method, target, key: key, headers, body: body).status
        }

        func fast(_ target: String, key: String? = nil, isHead: Bool = false) -> FastAnswer? {
            var request = FastRequest(isHead: isHead, target: ByteBuffer(string: "/api/v1/\(target)"))
            request.authorization = key.map { ByteBuffer(string: "Bearer \(secret($0))") }
            return fastPath.answer(request)
        }
    }

    private final class Clock: Sendable {
        private let seconds = Mutex(Timestamp.now.seconds)

        var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }

        func move(by: Int64) { seconds.withLock { $0 += by } }
    }

    private static func secret(_ name: String) -> String { "\(name)-" + String(repeating: "x", count: 32) }

    private static func rules(_ change: (inout PolicyRules) -> Void) -> PolicyRules {
        var rules = PolicyRules()
        change(&rules)
        return rules
    }

    private static func policies(_ list: [(String, PolicyRules)]) throws -> Policies {
        try Policies(try list.map { (try #require(PathPrefix(Array($0.0.utf8))), $0.1) })
    }

    /// - Parameter keys: by name, what each may do.
    private static func server(
        _ list: [(String, PolicyRules)], isPublic: Bool = true,
        keys: [(String, String)]? = [("all", "read write delete"), ("shop", "read write delete"), ("reader", "read")],
        images: [String] = []
    ) async throws -> Server {
        let service = try await FastPathFixture.makeService()
        for image in images { try await FastPathFixture.store(image, 9_000, in: service) }
        let entries = (keys ?? []).map { "\($0.0):\(secret($0.0)):\($0.1)" }
        let access = AccessControl(
            apiKeys: try APIKeys(parsing: entries.joined(separator: ",")),
            signingKeys: keys == nil
                ? SigningKeys() : try SigningKeys(parsing: "k:\(String(repeating: "s", count: 32))"),
            signer: URLSigner(longestSeconds: 1_000_000, grainSeconds: 300), hasCredentials: keys != nil,
            policies: try policies(list))
        var configuration = try FastPathFixture.makeConfiguration()
        configuration.readsArePublic = isPublic
        let clock = Clock()
        let policy = AccessPolicy(access, configuration, now: { clock.now })
        return Server(
            service: service, access: access,
            application: try TestApplication(service, policy: policy, access: access, now: { clock.now }),
            fastPath: ImageFastPath(
                service: service, configuration: configuration, policy: policy, now: { clock.now }), seconds: clock)
    }

    private static func picture(
        _ format: ImageFormat = .jpeg, width: Int = 32, height: Int = 16
    ) throws -> [UInt8] {
        let pixels = try PixelBuffer(width: width, height: height, layout: .rgb8)
        return Array(
            try ImageEncoder.encode(pixels, format: format, quality: 90, metadata: nil, cancelled: CancelFlag()))
    }

    private static func form(_ field: String, _ value: String, _ file: [UInt8]) -> (HTTPFields, [UInt8]) {
        let head =
            "--x\r\nContent-Disposition: form-data; name=\"\(field)\"\r\n\r\n\(value)\r\n"
            + "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.jpg\"\r\n\r\n"
        return (
            [.contentType: "multipart/form-data; boundary=x"], Array(head.utf8) + file + Array("\r\n--x--\r\n".utf8)
        )
    }

    // MARK: Reads

    private static let mixed: [(String, PolicyRules)] = [
        ("open/", rules { $0.reads = .public }),
        ("closed/", rules { $0.reads = .protected }),
        ("closed/open/", rules { ($0.reads, $0.cacheControl) = (.public, "public, max-age=60") }),
        ("presets/", rules { $0.renditions = .presets(nil) }),
        ("none/", rules { $0.renditions = .presets([]) }),
        ("lasting/", rules { ($0.lifetime, $0.cacheControl) = (1_000, "max-age=5000") }),
        ("closed/lasting/", rules { $0.lifetime = 100 }),
    ]

    /// For every target and caller, the fast path answers as the normal path does, or not at all; before and after the
    /// end of images.
    @Test("Hits obey the same policies", arguments: [true, false])
    func hits(isPublic: Bool) async throws {
        let folders = ["", "open/", "closed/", "closed/open/", "presets/", "none/", "lasting/", "closed/lasting/"]
        let server = try await Self.server(Self.mixed, isPublic: isPublic, images: folders.map { "\($0)p.jpg" })
        var targets: [String] = []
        for folder in folders {
            let path = "\(folder)p.jpg"
            let version = try await server.service.describe(try ImagePath(path.utf8)).version
            for query in ["", "?w=16&format=jpeg", "?preset=small", "?v=\(version)", "?v=none", "?preset=small&dpr=5"] {
                targets.append("images/\(path)\(query)")
            }
            for query in ["", "w=16&format=jpeg", "v=\(version)"] {
                let signed = server.access.sign(
                    path: path.utf8, query: query, for: 5_000, now: server.seconds.now.seconds)
                targets.append("images/\(path)?\(try #require(signed).query)")
            }
        }
        targets += ["images/clos%65d/p.jpg", "images/closed%2Fp.jpg", "images/closed/../open/p.jpg", "images/closed"]
        var (fastAnswers, wasGone) = (0, 0)
        for pause in [Int64(0), 0, 40, 70, 500, 600] {
            server.seconds.move(by: pause)
            for target in targets {
                for key in [nil, "all", "reader", "nonsense"] {
                    let answer = try await server.send(.get, target, key: key)
                    if answer.status == 404 { wasGone += 1 }
                    for isHead in [false, true] {
                        guard let fast = server.fast(target, key: key, isHead: isHead) else { continue }
                        fastAnswers += 1
                        #expect(fast.status == answer.status, "\(target) \(key ?? "")")
                        let control = answer.headers[.cacheControl] ?? ""
                        #expect(
                            String(buffer: fast.head).contains("Cache-Control: \(control)\r\n"), "\(target) \(control)")
                    }
                }
            }
        }
        #expect(fastAnswers > 200 && wasGone > 20)
    }

    @Test("Public and protected reads, by prefix", arguments: [true, false])
    func reads(isPublic: Bool) async throws {
        let folders = ["", "open/", "closed/", "closed/open/"]
        let server = try await Self.server(Self.mixed, isPublic: isPublic, images: folders.map { "\($0)p.jpg" })
        for (folder, isOpen) in [("", isPublic), ("open/", true), ("closed/", false), ("closed/open/", true)] {
            for target in ["images/\(folder)p.jpg", "images/\(folder)none.jpg", "metadata/\(folder)p.jpg"] {
                let exists = !target.contains("none")
                let expected = exists ? 200 : 404
                for _ in 0..<3 {
                    #expect(try await server.status(.get, target) == (isOpen ? expected : 401), "\(target)")
                    #expect(try await server.status(.get, target, key: "reader") == expected, "\(target)")
                }
                // A listing needs a credential everywhere.
                #expect(try await server.status(.get, "images?prefix=\(folder)") == 401)
                if target == "images/\(folder)p.jpg" {
                    #expect((server.fast(target) != nil) == isOpen, "\(target)")
                    #expect(server.fast(target, key: "reader")?.status == 200)
                }
            }
            let control = try await server.send(.get, "images/\(folder)p.jpg", key: "reader").headers[.cacheControl]
            #expect(control?.hasPrefix("private") == !isOpen)
        }
        let cached = try await server.send(.get, "images/closed/open/p.jpg").headers[.cacheControl]
        #expect(cached == "public, max-age=60")
    }

    @Test("A grant tells whether the image is for everybody")
    func everybody() async throws {
        let server = try await Self.server(Self.mixed, images: ["open/p.jpg", "closed/p.jpg"])
        var configuration = try FastPathFixture.makeConfiguration()
        configuration.readsArePublic = true
        let policy = AccessPolicy(server.access, configuration)
        let signed = try #require(
            server.access.sign(path: "closed/p.jpg".utf8, query: "", for: 60, now: Timestamp.now.seconds))
        for (path, query, isForEverybody) in [
            ("open/p.jpg", "", true), ("closed/p.jpg", "", false), ("closed/p.jpg", signed.query, true),
        ] {
            var origin = RequestOrigin(
                headers: [.authorization: "Bearer \(Self.secret("reader"))"], authority: nil, isLoopback: false,
                rawQuery: Array(query.utf8)[...])
            if !query.isEmpty { origin.headers = [:] }
            let decision = try await policy.judge(
                .read(try ImagePath(path.utf8)), by: origin, try Query(Array(query.utf8)[...]))
            #expect(decision.grant.isForEverybody == isForEverybody, "\(path)")
        }
    }

    @Test("Presets only, by prefix")
    func presets() async throws {
        let server = try await Self.server(Self.mixed, images: ["p.jpg", "presets/p.jpg", "none/p.jpg"])
        for (folder, free, preset) in [("", 200, 200), ("presets/", 403, 200), ("none/", 403, 400)] {
            #expect(try await server.status(.get, "images/\(folder)p.jpg?w=16&format=jpeg") == free)
            #expect(try await server.status(.get, "images/\(folder)p.jpg?preset=small") == preset)
            #expect(try await server.status(.get, "images/\(folder)p.jpg") == 200)
        }
    }

    // MARK: Writes

    @Test("Only the writers of a policy write, whatever the scopes, and whether or not there is an image")
    func writers() async throws {
        let server = try await Self.server(
            [
                ("shop/", Self.rules { $0.writers = [.key("shop")] }), ("frozen/", Self.rules { $0.writers = [] }),
                ("shop/free/", Self.rules { $0.writers = [.everybody] }),
            ], images: ["shop/p.jpg", "frozen/p.jpg"])
        let file = try Self.picture()
        for (folder, key, mayWrite) in [
            ("shop/", "shop", true), ("shop/", "all", false), ("frozen/", "shop", false), ("frozen/", "all", false),
            ("shop/free/", "all", true), ("", "all", true), ("shop/", "reader", false),
        ] {
            func check(_ status: Int, _ what: String) {
                #expect(mayWrite ? ![401, 403].contains(status) : status == 403, "\(folder) \(key) \(what): \(status)")
            }
            for name in ["p.jpg", "none.jpg"] {
                let target = "\(folder)\(name)"
                check(try await server.status(.put, "images/\(target)", key: key, body: file), "put \(name)")
                check(try await server.status(.post, "images/\(target)/rotate?degrees=90", key: key), "rotate \(name)")
                check(try await server.status(.get, "metadata/\(target)?include=location", key: key), "location")
                check(try await server.status(.delete, "images/\(target)", key: key), "delete \(name)")
            }
            for (field, value) in [("path", "\(folder)form.jpg"), ("prefix", folder)] {
                let (headers, body) = Self.form(field, value, file)
                check(try await server.status(.post, "images", key: key, headers, body: body), "form \(field)")
            }
            #expect(try await server.status(.put, "images/\(folder)p.jpg", body: file) == 401)
        }
        let refused = try await server.send(.put, "images/shop/p.jpg", key: "all", body: file)
        #expect(refused.text.contains("forbidden") && refused.text.contains("shop/"))
        #expect(try await server.status(.get, "images/frozen/p.jpg") == 200)
    }

    @Test("Types, bytes and pixels of an upload are limited by prefix, for PUT and for forms")
    func limits() async throws {
        let jpeg = try Self.picture()
        let server = try await Self.server([
            ("types/", Self.rules { $0.types = ["png", "webp"] }),
            ("bytes/", Self.rules { $0.maximumUploadBytes = jpeg.count }),
            ("pixels/", Self.rules { $0.maximumPixels = 32 * 16 }),
        ])
        let png = try Self.picture(.png)
        let wide = try Self.picture(width: 33)
        let cases: [(String, [UInt8], Int, String)] = [
            ("types/", png, 201, ""), ("types/", jpeg, 415, "jpeg; this place takes: png, webp"),
            ("bytes/", jpeg, 201, ""), ("bytes/", jpeg + [0], 413, "\(jpeg.count)"), ("pixels/", jpeg, 201, ""),
            ("pixels/", wide, 422, "512"), ("", wide, 201, ""), ("", jpeg + [0], 201, ""),
        ]
        for (index, (folder, file, status, text)) in cases.enumerated() {
            let put = try await server.send(.put, "images/\(folder)\(index).x", key: "all", body: file)
            #expect(put.status == status && put.text.contains(text), "\(index): \(put.status) \(put.text)")
            let declared = try await server.send(
                .put, "images/\(folder)\(index)-d.x", key: "all", [.contentLength: "\(file.count)"], body: file)
            #expect(declared.status == status, "\(index)")
            for (field, value) in [("path", "\(folder)\(index)-f.x"), ("prefix", folder)] {
                let (headers, body) = Self.form(field, value, file)
                let form = try await server.send(.post, "images", key: "all", headers, body: body)
                #expect(form.status == status && form.text.contains(text), "\(index) \(field): \(form.text)")
            }
            if status != 201 {
                let list = try await server.send(.get, "images?prefix=\(folder)\(index)", key: "all")
                #expect(list.text.contains(#""items":[]"#), "\(list.text)")
            }
        }
    }

    // MARK: Lifetime

    @Test("What has outlived its lifetime is 404 everywhere, until it is written anew")
    func lifetime() async throws {
        let server = try await Self.server(
            [("tmp/", Self.rules { ($0.lifetime, $0.cacheControl) = (1_000, "public, max-age=600") })],
            images: ["tmp/p.jpg", "p.jpg"])
        let described = try await server.service.describe(try ImagePath("tmp/p.jpg".utf8))
        let written = try #require(described.object.lastModified).seconds
        let signed = try #require(
            server.access.sign(path: "tmp/p.jpg".utf8, query: "", for: 100_000, now: written))
        let reads = [
            "images/tmp/p.jpg", "images/tmp/p.jpg?w=16&format=jpeg", "images/tmp/p.jpg?v=\(described.version)",
            "images/tmp/p.jpg?\(signed.query)", "metadata/tmp/p.jpg", "metadata/tmp/p.jpg?include=extras",
        ]
        // One second before its end.
        server.seconds.move(by: written + 999 - server.seconds.now.seconds)
        for target in reads { #expect(try await server.status(.get, target) == 200, "\(target)") }
        for (target, control) in zip(
            reads, ["public, max-age=1", "public, max-age=1", "public, max-age=1, immutable"])
        {
            #expect(try await server.send(.get, target).headers[.cacheControl] == control)
            let fast = try #require(server.fast(target))
            #expect(String(buffer: fast.head).contains("Cache-Control: \(control)\r\n"))
        }
        #expect(server.fast(reads[3])?.status == 200)
        server.seconds.move(by: 1)
        for target in reads {
            for method in [HTTPRequest.Method.get, .head] {
                #expect(try await server.status(method, target) == 404, "\(target)")
                for field: HTTPFields in [
                    [.ifNoneMatch: described.etag.text], [.range: "bytes=0-0"], [.ifMatch: described.etag.text],
                ] where target.hasPrefix("images") {
                    #expect(try await server.status(method, target, field) == 404, "\(target)")
                }
            }
            #expect(server.fast(target) == nil, "\(target)")
        }
        let rotate = try await server.status(.post, "images/tmp/p.jpg/rotate?degrees=90", key: "all")
        #expect(rotate == 404)
        #expect(try await server.status(.get, "images/p.jpg") == 200)
        // It is still in the store.
        #expect(try await server.service.describe(try ImagePath("tmp/p.jpg".utf8)).version == described.version)

        // The clock of the store is that of the machine, so ours goes back to it for the new image.
        #expect(try await server.status(.put, "images/tmp/p.jpg", key: "all", body: try Self.picture()) == 200)
        server.seconds.move(by: -990)
        #expect(try await server.status(.get, "images/tmp/p.jpg") == 200)
        #expect(try await server.status(.post, "images/tmp/p.jpg/rotate?degrees=90", key: "all") == 200)
    }

    @Test("No lifetime of a cache passes the end of the image", arguments: [1, 599, 600, 601, 999, 5_000])
    func cutCaching(_ rest: Int64) async throws {
        let server = try await Self.server(
            [("tmp/", Self.rules { ($0.lifetime, $0.cacheControl) = (1_000_000, "public, max-age=600") })],
            images: ["tmp/p.jpg"])
        let described = try await server.service.describe(try ImagePath("tmp/p.jpg".utf8))
        let written = try #require(described.object.lastModified).seconds
        server.seconds.move(by: written + 1_000_000 - rest - server.seconds.now.seconds)
        for _ in 0..<3 {
            for (target, control) in [
                ("images/tmp/p.jpg", "public, max-age=\(min(rest, 600))"),
                ("images/tmp/p.jpg?v=\(described.version)", "public, max-age=\(rest), immutable"),
            ] {
                #expect(try await server.send(.get, target).headers[.cacheControl] == control)
                let fast = try #require(server.fast(target))
                #expect(String(buffer: fast.head).contains("Cache-Control: \(control)\r\n"))
            }
        }
    }

    @Test("Every lifetime of a Cache-Control field is cut")
    func cutText() {
        for (text, seconds, expected) in [
            ("public, s-maxage=600, max-age=60", Int64(30), "public, s-maxage=30, max-age=30"),
            ("public, s-maxage=600", 30, "public, s-maxage=30, max-age=30"), ("no-cache", 30, "no-cache"),
            ("max-age=9, stale-while-revalidate=99", 30, "max-age=9"), ("public", 30, "public, max-age=30"),
            ("s-maxage=600, max-age=60, immutable", 0, "no-cache"), ("no-store", 0, "no-store"),
        ] {
            #expect(CacheControl(text).lasting(atMost: seconds).text == expected)
        }
    }

    // MARK: Signed URLs

    @Test("notBefore revokes signed URLs under its prefix, on both paths")
    func notBefore() async throws {
        let server = try await Self.server([], isPublic: false, images: ["a/p.jpg", "b/p.jpg"])
        func signed(_ path: String) throws -> String {
            let signed = server.access.sign(path: path.utf8, query: "", for: 600, now: server.seconds.now.seconds)
            return "images/\(path)?\(try #require(signed).query)"
        }
        let (a, b) = (try signed("a/p.jpg"), try signed("b/p.jpg"))
        for target in [a, b] {
            for _ in 0..<2 { #expect(try await server.status(.get, target) == 200) }
            #expect(server.fast(target)?.status == 200)
        }
        let now = server.seconds.now.seconds
        server.access.replace(policies: try Self.policies([("a/", Self.rules { $0.notBefore = now + 1 })]))
        #expect(server.fast(a) == nil)
        let refused = try await server.send(.get, a)
        #expect(refused.status == 403 && refused.text.contains("bad_signature"))
        #expect(server.fast(b)?.status == 200)
        #expect(try await server.status(.get, b) == 200)
        let made = try await server.send(
            .post, "signed-urls", key: "reader", body: Array(#"{"path":"a/p.jpg","expiresIn":60}"#.utf8))
        let url = try #require(made.text.firstMatch(of: /"url":"\/api\/v1\/(images[^"]+)"/)?.1)
        #expect(try await server.status(.get, String(url)) == 200)
    }

    // MARK: Reload

    @Test("After a reload of policies, hits are judged anew")
    func reload() async throws {
        let server = try await Self.server([], images: ["a/p.jpg"])
        let target = "images/a/p.jpg"
        for _ in 0..<3 { #expect(try await server.status(.get, target) == 200) }
        func control() -> Substring? {
            server.fast(target).flatMap { String(buffer: $0.head).firstMatch(of: /Cache-Control: ([^\r]+)/)?.1 }
        }
        #expect(control() == "public, no-cache")
        func replace(_ rules: PolicyRules) throws {
            server.access.replace(policies: try Self.policies([("a/", rules)]))
        }
        try replace(Self.rules { $0.reads = .protected })
        #expect(server.fast(target) == nil)
        #expect(try await server.status(.get, target) == 401)
        #expect(server.fast(target, key: "reader")?.status == 200)
        try replace(Self.rules { $0.cacheControl = "max-age=7" })
        for _ in 0..<3 { #expect(control() == "max-age=7") }
        server.access.replace(policies: Policies())
        for _ in 0..<3 { #expect(control() == "public, no-cache") }
        #expect(try await server.status(.get, target) == 200)
    }

    // MARK: Without credentials

    @Test("Without credentials, protected reads are nobody's, and only writers `*` write")
    func keyless() async throws {
        let server = try await Self.server(
            [
                ("closed/", Self.rules { $0.reads = .protected }),
                ("frozen/", Self.rules { $0.writers = [.key("shop"), .subject(nil)] }),
                ("frozen/free/", Self.rules { $0.writers = [.everybody] }),
            ], keys: nil, images: ["closed/p.jpg", "p.jpg"])
        for (target, status) in [
            ("images/p.jpg", 200), ("images/closed/p.jpg", 401), ("metadata/closed/p.jpg", 401),
            ("metadata/closed/p.jpg?include=location", 401), ("metadata/closed/none.jpg?include=location", 401),
            ("metadata/p.jpg?include=location", 200), ("images", 401),
            ("images?prefix=clo", 401), ("images?prefix=closed/x", 401), ("images?prefix=closet", 200),
            ("images?prefix=open/", 200),
        ] {
            #expect(try await server.status(.get, target) == status, "\(target)")
        }
        #expect(server.fast("images/closed/p.jpg") == nil && server.fast("images/p.jpg")?.status == 200)
        let file = try Self.picture()
        for (path, status) in [("frozen/p.jpg", 403), ("frozen/free/p.jpg", 201), ("new.jpg", 201)] {
            #expect(try await server.status(.put, "images/\(path)", body: file) == status, "\(path)")
        }
        #expect(try await server.status(.put, "images/new.jpg", [.via: "1.1 proxy"], body: file) == 403)
    }

    // MARK: Explanations

    @Test("An explanation says what the same caller meets")
    func explanation() async throws {
        let server = try await Self.server([
            ("closed/", Self.rules { ($0.reads, $0.writers) = (.protected, [.key("shop")]) })
        ])
        let configuration = try FastPathFixture.makeConfiguration()
        func rejections(_ path: String, _ key: String?) throws -> [String] {
            let identity = key.flatMap { name in server.access.apiKeys.keys.first { $0.name == name }?.identity }
            return AccessExplanation.all(try ImagePath(path.utf8), by: identity, server.access, configuration)
                .map { $0.rejection.map { String($0.prefix(3)) } ?? "" }
        }
        // read, upload, delete, list, sign, location
        #expect(try rejections("closed/p.jpg", nil) == ["401", "401", "401", "401", "401", "401"])
        #expect(try rejections("p.jpg", nil) == ["", "401", "401", "401", "401", "401"])
        #expect(try rejections("closed/p.jpg", "shop") == ["", "", "", "", "", ""])
        #expect(try rejections("closed/p.jpg", "all") == ["", "403", "403", "", "", "403"])
        #expect(try rejections("closed/p.jpg", "reader") == ["", "403", "403", "", "", "403"])
    }
}
