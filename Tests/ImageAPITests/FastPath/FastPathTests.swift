import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TestListener
import Testing

@testable import ImageAPI

@Suite("Fast path", .serialized)
struct FastPathTests {
    /// Requests that are sent in one piece on a separate connection, and which of them the fast path has to answer.
    struct Script: Sendable, CustomTestStringConvertible {
        var name: String
        var requests: [String]
        var isFast: [Bool]

        init(_ name: String, _ requests: [String], fast isFast: [Bool]) {
            self.name = name
            self.requests = requests
            self.isFast = isFast
        }

        /// One GET.
        init(_ name: String, _ target: String, _ fields: [String] = [], fast isFast: Bool, method: String = "GET") {
            self.init(name, [FastPathTests.request(target, fields, method: method)], fast: [isFast])
        }

        var testDescription: String { self.name }
    }

    static func request(_ target: String, _ fields: [String] = [], method: String = "GET") -> String {
        (["\(method) /api/v1/images/\(target) HTTP/1.1", "Host: localhost"] + fields + ["", ""])
            .joined(separator: "\r\n")
    }

    /// Ends a connection, on the normal path.
    static let last = Self.request("p.jpg", ["Connection: close"], method: "HEAD")

    /// None, a listed origin, and all.
    private static let origins = [
        AllowedOrigins(), AllowedOrigins(["https://shop.example", "http://localhost:3000"]),
        AllowedOrigins(["https://shop.example"], allowsPublicReads: true),
    ]

    @Test(arguments: origins) func theTwoWaysAnswerTheSame(_ origins: AllowedOrigins) async throws {
        let service = try await FastPathFixture.makeService()
        let scripts = try await FastPathScripts(service).all
        try await FastPathFixture.run(service, hasFastPath: false, origins: origins) { long in
            // This makes the renditions, which are hits from now on.
            for script in scripts { _ = try await Self.run(script, on: long) }
            try await FastPathFixture.run(service, hasFastPath: true, origins: origins) { fast in
                for script in scripts {
                    let seen = fast.finished.all.count
                    let answers = try await Self.run(script, on: fast)
                    let expected = try await Self.run(script, on: long)
                    let isSame = answers == expected
                    #expect(!expected.isEmpty && isSame, "\(script.name)")
                    let count = script.requests.count + 1
                    let finished = try await fast.finished.wait(for: seen + count)[seen...]
                    #expect(finished.map(\.isFast) == script.isFast + [false], "\(script.name)")
                }
                #expect(!long.finished.all.contains { $0.isFast })
            }
        }
    }

    /// Random combinations of targets, methods, conditions, ranges, Accept, credentials and pipelines.
    @Test(arguments: [UInt64(1), 2, 3]) func theTwoWaysAnswerRandomRequestsInTheSameWay(seed: UInt64) async throws {
        let service = try await FastPathFixture.makeService()
        let scripts = try await FastPathScripts(service).random(120, seed: seed)
        let origins = Self.origins[Int(seed) % Self.origins.count]
        try await FastPathFixture.run(service, hasFastPath: false, origins: origins) { long in
            for script in scripts { _ = try await Self.run(script, on: long) }
            try await FastPathFixture.run(service, hasFastPath: true, origins: origins) { fast in
                for script in scripts {
                    let answers = try await Self.run(script, on: fast)
                    let expected = try await Self.run(script, on: long)
                    let isSame = answers == expected
                    #expect(!expected.isEmpty && isSame, "\(script.requests)")
                }
                // Otherwise the comparison would say nothing.
                #expect(fast.finished.all.count { $0.isFast } > scripts.count / 3)
            }
        }
    }

    @Test func theTwoWaysLogTheSame() async throws {
        let service = try await FastPathFixture.makeService()
        let scripts = try await FastPathScripts(service).all
        let lines = Notes<[[String: String]]>()
        for hasFastPath in [false, false, true] {
            try await FastPathFixture.run(service, hasFastPath: hasFastPath) { fixture in
                var count = 0
                for script in scripts {
                    _ = try await Self.run(script, on: fixture)
                    count += script.requests.count + 1
                    // Two connections may end in either order.
                    _ = try await fixture.lines.wait(for: count)
                }
                lines.add(
                    fixture.lines.all.map { $0.filter { !["request.id", "http.seconds"].contains($0.key) } })
            }
        }
        // The first run has filled the cache.
        let (long, fast) = (lines.all[1], lines.all[2])
        #expect(long.count == fast.count)
        for (long, fast) in zip(long, fast) { #expect(long == fast) }
        #expect(fast.contains { $0["cache"] == "hit" && $0["http.status"] == "206" })
    }

    @Test func aConnectionComesBackToTheFastPath() async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: true) { fixture in
            let client = try await fixture.client()
            let half = Self.request("p.jpg", method: "HEAD")
            var count = 0
            func send(_ text: String) async throws {
                try await client.send(text)
                _ = try await client.receive(until: "\r\n\r\n")
                count += 1
                _ = try await fixture.finished.wait(for: count)
            }
            try await send(half)
            // Nothing found: the request takes the normal path. After it the parser is empty again.
            try await send(Self.request("missing.jpg", method: "HEAD"))
            try await send(half)
            // In two pieces. The parser has the first, unless both come at once.
            try await client.send(String(half.prefix(20)))
            try await Task.sleep(for: .milliseconds(20))
            try await send(String(half.dropFirst(20)))
            try await send(half)
            // A body may end with any bytes, because its end is known.
            try await client.send(
                "DELETE /api/v1/images/missing.jpg HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            _ = try await client.receive(until: "\"type\"")
            count += 1
            _ = try await fixture.finished.wait(for: count)
            try await send(half)
            try await send(half)
            var ways = fixture.finished.all.map(\.isFast)
            ways.remove(at: 3)
            #expect(ways == [true, false, true, true, false, true, true])
        }
    }

    /// Many origins at once share the remembered heads: each gets its own fields, hit after hit.
    @Test func hitsAreForTheirOrigin() async throws {
        let service = try await FastPathFixture.makeService()
        let allowed = ["https://shop.example", "http://localhost:3000"]
        try await FastPathFixture.run(service, hasFastPath: true, origins: AllowedOrigins(allowed)) { fixture in
            let client = try await fixture.client()
            for round in 0..<6 {
                for origin in allowed + ["https://evil.example", nil] {
                    try await client.send(Self.request("p.jpg", origin.map { ["Origin: \($0)"] } ?? [], method: "HEAD"))
                    let head = try await client.receive(until: "\r\n\r\n")
                    let found = head.matches(of: /Access-Control-Allow-Origin: (\S+)\r\n/).map { String($0.1) }
                    #expect(found == (origin.map { allowed.contains($0) ? [$0] : [] } ?? []), "\(round)")
                    #expect(head.contains("\r\nVary: Origin\r\n"))
                }
            }
            let finished = try await fixture.finished.wait(for: 24)
            #expect(finished.dropFirst().allSatisfy { $0.isFast })
        }
    }

    @Test func aWriteIsSeenAtOnce() async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: true) { fixture in
            let script = Script("", [Self.request("p.jpg"), Self.request("p.jpg", method: "HEAD")], fast: [])
            for length in [9_100, 9_200, 9_300] {
                try await FastPathFixture.store("p.jpg", length, in: service)
                // The upload leaves no bytes in memory: the first response comes from the store.
                for _ in 0..<2 {
                    let answers = String(decoding: try await Self.run(script, on: fixture), as: UTF8.self)
                    let lengths = answers.matches(of: /Content-Length: (\d+)/).map { Int($0.1) }
                    #expect(lengths == [length, length, length])
                }
            }
            #expect(fixture.finished.all.contains { $0.isFast })
        }
    }

    @Test func whatIsSentFromAFileIsTheSame() async throws {
        let service = try await FastPathFixture.makeService()
        let script = Script(
            "often",
            (0..<24).map { Self.request("large.jpg", $0 % 3 < 2 ? [] : ["Range: bytes=\(999 * $0)-"]) }
                + [Self.request("large.jpg", method: "HEAD"), Self.request("p.jpg")],
            fast: [])
        try await FastPathFixture.run(service, hasFastPath: false) { long in
            // The first run fills the cache.
            _ = try await Self.run(script, on: long)
            let expected = try await Self.run(script, on: long)
            let image = try await service.describe(try ImagePath("large.jpg".utf8))
            try await FastPathFixture.run(service, hasFastPath: true) { fast in
                #expect(service.inMemory(image)?.descriptor == nil)
                for _ in 0..<2 {
                    let isSame = try await Self.run(script, on: fast) == expected
                    #expect(isSame)
                }
                #expect(service.inMemory(image)?.descriptor != nil)
            }
        }
    }

    /// The normal path asks the store before the time limit, and the cache needs to hear of some uses.
    @Test func whatIsRememberedIsLookedUpAgain() async throws {
        let service = try await FastPathFixture.makeService()
        let path = try ImagePath("p.jpg".utf8)
        _ = try await service.locate(path)
        let fresh = try #require(service.fresh(path))
        #expect(fresh.lasts(at: fresh.asked))
        #expect(fresh.lasts(at: fresh.asked + .seconds(fresh.age) + .milliseconds(999)))
        #expect(!fresh.lasts(at: fresh.asked + .seconds(fresh.age + 1)))
        try await FastPathFixture.store("p.jpg", 9_100, in: service)
        #expect(!fresh.lasts(at: fresh.asked))
    }

    @Test func withAShortBoundItIsLookedUpSeveralTimesWithin() async throws {
        let service = try await FastPathFixture.makeService(revalidateAfter: .seconds(7))
        let path = try ImagePath("p.jpg".utf8)
        _ = try await service.locate(path)
        let fresh = try #require(service.fresh(path))
        #expect(!fresh.lasts(at: .now + .milliseconds(900)))
    }

    @Test func aSlowReaderGetsEverythingInOrder() async throws {
        let service = try await FastPathFixture.makeService()
        let script = Script(
            "slow",
            (0..<60).map { Self.request($0 % 3 < 2 ? "large.jpg" : "large.jpg?w=16") },
            fast: [])
        try await FastPathFixture.run(service, hasFastPath: false) { long in
            // The first run fills the cache.
            _ = try await Self.run(script, on: long)
            let expected = try await Self.run(script, on: long)
            try await FastPathFixture.run(service, hasFastPath: true) { fast in
                let client = try await fast.client(receiveBuffer: 4_096)
                try await client.send((script.requests + [Self.last]).joined())
                // The server has long written what the client does not take. Further requests wait for that.
                let first = try await client.receiveSome(atMost: 1)
                #expect(fast.finished.all.count < script.requests.count)
                let bytes = first + (try await Self.receiveAll(client))
                // Millions of bytes must not be printed.
                let isSame = WireAnswers.normalized(bytes) == expected
                #expect(isSame)
                let finished = try await fast.finished.wait(for: script.requests.count + 1)
                #expect(finished.contains { $0.isFast })
                #expect(finished.reduce(0) { $0 + $1.bytesSent } == bytes.count)
            }
        }
    }

    @Test func whileDrainingTheLongWayEndsTheConnection() async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: true, drainWindow: .seconds(3)) { fixture in
            let client = try await fixture.client()
            let head = Self.request("p.jpg", method: "HEAD")
            try await client.send(head)
            let before = try await client.receive(until: "\r\n\r\n")
            #expect(!before.contains("Connection:"))
            await fixture.shutDown()
            _ = try await fixture.draining.wait()
            try await client.send(head)
            let after = try await client.receiveAll()
            #expect(status(after) == 200)
            #expect(after.contains("Connection: close\r\n"))
            #expect(try await fixture.finished.wait(for: 2).map(\.isFast) == [true, false])
        }
    }

    /// The responses to a script, without the values that differ between requests.
    private static func run(_ script: Script, on fixture: FastPathFixture) async throws -> [UInt8] {
        let client = try await fixture.client()
        try await client.send((script.requests + [Self.last]).joined())
        return WireAnswers.normalized(try await Self.receiveAll(client))
    }

    private static func receiveAll(_ client: RawClient) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let some = try await client.receiveSome()
            if some.isEmpty { return bytes }
            bytes += some
        }
    }
}
