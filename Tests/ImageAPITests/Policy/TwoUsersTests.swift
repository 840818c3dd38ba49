import AccessControl
import HTTPTypes
import ImageCodecs
import ImageModel
import ImageService
import Logging
import ObjectStorage
import TestListener
import Testing
import TextCoding

@testable import HTTPServer
@testable import ImageAPI

/// Two users with a folder each. Whatever one of them sends, it reads, lists, learns of and changes nothing of the
/// other, on the fast path and on the normal path.
@Suite("Two users", .timeLimit(.minutes(5)), .serialized)
struct TwoUsersTests {
    private static let secret = String(repeating: "t", count: 32)
    private static let keySecret = String(repeating: "k", count: 32)

    /// A server, with the pictures of `a`; and with those of `b`, or without them.
    private struct World: Sendable {
        var storage: CountingStorage
        var service: ImageService
        var access: AccessControl

        init(hasPicture: Bool) async throws {
            storage = CountingStorage()
            service = try await FastPathFixture.makeService(storage: storage)
            let keys = TokenKeySource(
                secrets: await TokenKeys(hmacSecrets: [try TokenSecret(TwoUsersTests.secret)]),
                logger: Logger(label: "test"))
            access = AccessControl(
                apiKeys: try APIKeys(parsing: "a:\(TwoUsersTests.keySecret):read write delete:users/a/"),
                signingKeys: try SigningKeys(parsing: "k1:\(String(repeating: "s", count: 32))"),
                signer: URLSigner(longestSeconds: 3_600, grainSeconds: 300),
                tokens: TokenAccess(
                    TokenAuthenticator(keys: keys, cache: VerifiedTokens(), issuer: nil, audience: nil),
                    template: .perUser))
            try await FastPathFixture.store("users/a/p.jpg", 9_000, in: service)
            guard hasPicture else { return }
            for name in ["p.jpg", "q.jpg"] { try await FastPathFixture.store("users/b/\(name)", 12_000, in: service) }
        }

        /// Everything in the store under `users/b/`.
        func foreign() async throws -> [ObjectInfo] {
            try await storage.list(ListRequest(prefix: Array("users/b/".utf8))).items
        }
    }

    private static func token(_ subject: String) throws -> String {
        let claims = #"{"sub":"\#(subject)","exp":\#(Timestamp.now.seconds + 3_600),"scope":"read write delete"}"#
        return try #require(
            TestToken.sign(claims: Array(claims.utf8), algorithm: .hs256, secret: try TokenSecret(secret)))
    }

    private static func facts(_ world: World) async throws -> ForeignRequest.Facts {
        let picture = try await world.service.describe(try ImagePath("users/b/p.jpg".utf8))
        func sign(_ query: String) throws -> String {
            try #require(
                world.access.sign(path: "users/a/p.jpg".utf8, query: query, for: 600, now: Timestamp.now.seconds)
            ).query
        }
        let application = try TestApplication(
            world.service, policy: AccessPolicy(world.access, try FastPathFixture.makeConfiguration()),
            access: world.access)
        let page = try await application.send(
            .get, "images?prefix=users/b/&limit=1", [.authorization: "Bearer \(try token("b"))"])
        let cursor = try #require(page.text.firstMatch(of: /"cursor":"([^"]+)"/)?.1)
        return ForeignRequest.Facts(
            etag: picture.etag.text, version: picture.version, ownSignature: try sign(""),
            ownRenditionSignature: try sign("w=16"), cursor: String(cursor))
    }

    /// The picture that is sent: another one than those that are stored.
    private static func picture() throws -> [UInt8] {
        let pixels = try PixelBuffer(width: 24, height: 24, layout: .rgb8)
        return try ImageEncoder.encode(pixels, format: .jpeg, quality: 80, metadata: nil, cancelled: CancelFlag())
    }

    /// A new route or method without a row fails here.
    @Test("Every route and method has a row")
    func complete() throws {
        let facts = ForeignRequest.Facts(etag: "", version: "", ownSignature: "", ownRenditionSignature: "", cursor: "")
        let rows = ForeignRequest.all(picture: [])
        for route in Route.all(try ImagePath("users/b/p.jpg".utf8)) {
            for method in route.methods {
                #expect(
                    rows.contains { row in
                        guard row.method == method,
                            let found = try? Route(
                                method: method, path: Route.split(target: "/api/v1/" + row.target(facts)).path)
                        else { return false }
                        return found == route
                    }, "\(route) \(method)")
            }
        }
    }

    /// Who sends a row.
    private static let callers: [(name: String, field: String?)] = [
        ("token", nil), ("key", "X-API-Key: \(keySecret)"), ("key as bearer", "Authorization: Bearer \(keySecret)"),
        ("nobody", ""),
    ]

    private static func send(
        _ row: ForeignRequest, _ facts: ForeignRequest.Facts, _ credential: String, to fixture: FastPathFixture
    ) async throws -> [UInt8] {
        // A request that may take the fast path does not end its connection: the next one does.
        let mayBeFast = row.body == nil && (row.method == .get || row.method == .head)
        var lines = ["\(row.method) /api/v1/\(row.target(facts)) HTTP/1.1", "Host: localhost"] + row.fields(facts)
        if !credential.isEmpty { lines.append(credential) }
        if let body = row.body { lines.append("Content-Length: \(body.count)") }
        if !mayBeFast { lines.append("Connection: close") }
        let client = try await fixture.client()
        let last = mayBeFast ? "HEAD /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" : ""
        try await client.send(
            Array((lines + ["", ""]).joined(separator: "\r\n").utf8) + (row.body ?? []) + Array(last.utf8))
        return WireAnswers.normalized(try await FastPathFixture.receiveAll(client))
    }

    @Test("Nothing of another user is read, listed, learned of or changed", arguments: [false, true])
    func table(hasFastPath: Bool) async throws {
        let (with, without) = (try await World(hasPicture: true), try await World(hasPicture: false))
        let facts = try await Self.facts(with)
        let rows = ForeignRequest.all(picture: try Self.picture())
        let before = try await with.foreign()
        #expect(before.count == 2)
        let (a, b) = (try Self.token("a"), try Self.token("b"))
        try await FastPathFixture.run(with.service, hasFastPath: hasFastPath, access: with.access) { full in
            try await FastPathFixture.run(without.service, hasFastPath: hasFastPath, access: without.access) { empty in
                try await Self.heat(full, b, facts, hasFastPath: hasFastPath)
                for (caller, field) in Self.callers {
                    let credential = field ?? "Authorization: Bearer \(a)"
                    for row in rows {
                        let asked = with.storage.count
                        let fast = full.finished.all.count { $0.isFast }
                        let answer = try await Self.send(row, facts, credential, to: full)
                        let text = String(decoding: answer, as: UTF8.self)
                        let name = "\(caller): \(row.testDescription)"
                        let status = Int(text.dropFirst("HTTP/1.1 ".count).prefix(3))
                        let expected = credential.isEmpty ? row.anonymousStatus : row.status
                        if expected != 0 { #expect(status == expected, "\(name)") }
                        #expect(!text.contains(facts.version) && !text.contains("users/b"), "\(name)")
                        // The same bytes, whether or not the picture exists.
                        let other = try await Self.send(row, facts, credential, to: empty)
                        let isSame = answer == other
                        #expect(isSame, "\(name)")
                        // Rights come before the store. Not by time, which a test cannot see reliably.
                        if !row.asksStore { #expect(with.storage.count == asked, "\(name)") }
                        #expect(full.finished.all.count { $0.isFast } == fast, "\(name)")
                    }
                }
                // It still is a hit for its owner.
                try await Self.heat(full, b, facts, hasFastPath: hasFastPath)
            }
        }
        #expect(try await with.foreign() == before)
        #expect(try await without.foreign().isEmpty)
    }

    /// The owner reads the picture until it is a hit, which a careless rule would then serve to others.
    private static func heat(
        _ fixture: FastPathFixture, _ token: String, _ facts: ForeignRequest.Facts, hasFastPath: Bool
    ) async throws {
        let before = fixture.finished.all.count { $0.isFast }
        for target in ["images/users/b/p.jpg", "images/users/b/p.jpg?w=16", "images/users/b/p.jpg?v=\(facts.version)"] {
            for method in [HTTPRequest.Method.get, .head, .get] {
                let answer = try await send(
                    ForeignRequest(method, target, 200), facts, "Authorization: Bearer \(token)", to: fixture)
                #expect(answer.starts(with: Array("HTTP/1.1 200 ".utf8)), "\(target)")
            }
        }
        let fast = fixture.finished.all.count { $0.isFast } - before
        #expect(hasFastPath ? fast >= 3 : fast == 0)
    }

    @Test("Each user may do all of that in its own folder")
    func own() async throws {
        let world = try await World(hasPicture: true)
        let facts = try await Self.facts(world)
        let own: @Sendable (String) -> String = { $0.replacing("users/b", with: "users/a") }
        let rows = [
            ForeignRequest("images/users/a/p.jpg", 200), ForeignRequest("images/users/a/p.jpg?w=16", 200),
            ForeignRequest("metadata/users/a/p.jpg?include=location", 200),
            ForeignRequest("images?prefix=users/a/", 200),
            ForeignRequest.made(.get, 200) { own("images/users/b/p.jpg?") + $0.ownSignature },
            ForeignRequest(.post, "images/users/a/p.jpg/rotate?flip=vertical", 200),
            ForeignRequest(.put, "images/users/a/q.jpg", 201, body: try Self.picture()),
            ForeignRequest(.post, "signed-urls", 200, body: Array(#"{"path":"users/a/p.jpg","expiresIn":60}"#.utf8)),
            ForeignRequest(.delete, "images/users/a/q.jpg", 204),
        ]
        let a = try Self.token("a")
        try await FastPathFixture.run(world.service, hasFastPath: true, access: world.access) { fixture in
            for row in rows {
                let answer = try await Self.send(row, facts, "Authorization: Bearer \(a)", to: fixture)
                #expect(answer.starts(with: Array("HTTP/1.1 \(row.status) ".utf8)), "\(row.testDescription)")
            }
        }
    }
}
