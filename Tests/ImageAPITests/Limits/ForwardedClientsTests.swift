import AccessControl
import HTTPServer
import NIOCore
import TestClock
import TestListener
import Testing

@testable import ImageAPI

/// The client behind a trusted proxy, over sockets, on the fast path and on the normal path. The test itself is the
/// proxy.
@Suite("Clients behind proxies", .timeLimit(.minutes(1)))
struct ForwardedClientsTests {
    private static let trusted = ForwardedClients(TrustedProxies(["127.0.0.1"].compactMap { IPNetwork($0) }))
    private static let others = ForwardedClients(TrustedProxies(["10.0.0.0/8"].compactMap { IPNetwork($0) }))

    private static func request(_ fields: [String]) -> String {
        "GET /api/v1/images/p.jpg HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// Of requests over one connection, one after the other: the status, and the logged client.
    private static func send(
        _ requests: [[String]], hasFastPath: Bool, limits: RateLimits? = nil, proxies: (any ClientNaming)? = trusted
    ) async throws -> [(status: Int, isFast: Bool, client: String?)] {
        let service = try await FastPathFixture.makeService()
        let results = Notes<[(status: Int, isFast: Bool, client: String?)]>()
        try await FastPathFixture.run(service, hasFastPath: hasFastPath, limits: limits, proxies: proxies) { fixture in
            let client = try await fixture.client()
            for (number, fields) in requests.enumerated() {
                try await client.send(Self.request(fields))
                _ = try await fixture.finished.wait(for: number + 1)
                _ = try await fixture.lines.wait(for: number + 1)
            }
            results.add(
                zip(fixture.finished.all, fixture.lines.all).map {
                    (status: $0.status, isFast: $0.isFast, client: $1["client.address"])
                })
        }
        return try #require(results.all.first)
    }

    private static let fields: [(lines: [String], client: String)] = [
        ([], "127.0.0.1"), (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        (["x-forwarded-for: 203.0.113.9, 192.0.2.2"], "192.0.2.2"),
        (["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 192.0.2.3"], "192.0.2.3"),
        (["X-Forwarded-For: 2001:DB8::0:1"], "2001:db8::1"), (["X-Forwarded-For: ::ffff:192.0.2.4"], "192.0.2.4"),
        (["Forwarded: for=\"[2001:db8::2]:80\";proto=https"], "2001:db8::2"),
        (["Forwarded: for=203.0.113.9", "X-Forwarded-For: 192.0.2.5"], "192.0.2.5"),
        (["X-Forwarded-For: unknown"], "127.0.0.1"), (["X-Forwarded-For:"], "127.0.0.1"),
        (["X-Forwarded-For: 192.0.2.6, 127.0.0.1"], "192.0.2.6"), (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        (["X-Real-IP: 203.0.113.9"], "127.0.0.1"),
    ]

    @Test("Both ways log the client that the proxy names", arguments: [true, false])
    func logged(hasFastPath: Bool) async throws {
        // The first one fills the cache.
        let results = try await Self.send([[]] + Self.fields.map(\.lines), hasFastPath: hasFastPath)
        #expect(results.dropFirst().allSatisfy { $0.status == 200 && $0.isFast == hasFastPath })
        #expect(results.dropFirst().map(\.client) == Self.fields.map(\.client))
    }

    @Test("Nobody else is believed", arguments: [true, false])
    func untrusted(hasFastPath: Bool) async throws {
        for proxies in [Self.others, nil] as [ForwardedClients?] {
            let results = try await Self.send(
                [[]] + Self.fields.map(\.lines), hasFastPath: hasFastPath, proxies: proxies)
            #expect(results.dropFirst().allSatisfy { $0.isFast == hasFastPath && $0.client == "127.0.0.1" })
        }
    }

    @Test("Limits count the client that the proxy names, on both ways", arguments: [true, false])
    func limited(hasFastPath: Bool) async throws {
        let rules = try #require(RateLimitRules(parsing: "reads=0.001/2"))
        let clock = ManualClock().clock
        let limits = try #require(RateLimits(rules, hasCredentials: false, maximumPlaces: 1_024, clock: clock))
        let (one, two) = (["X-Forwarded-For: 203.0.113.9, 192.0.2.1"], ["Forwarded: for=192.0.2.2"])
        // What a client writes at the left changes nothing.
        let spoofed = ["X-Forwarded-For: 203.0.113.10, 192.0.2.1"]
        let results = try await Self.send(
            [one, one, one, spoofed, two, two, two, [], [], []], hasFastPath: hasFastPath, limits: limits)
        #expect(results.map(\.status) == [200, 200, 429, 429, 200, 200, 429, 200, 200, 429])
        if hasFastPath { #expect(results.map(\.isFast)[1] && results.map(\.isFast)[4] && !results.map(\.isFast)[2]) }
    }

    @Test("The fast path works behind a PROXY header, and both ways log its client", arguments: [true, false])
    func proxyHeader(hasFastPath: Bool) async throws {
        let service = try await FastPathFixture.makeService()
        let (source, other): ([UInt8], [UInt8]) = ([192, 0, 2, 77], [127, 0, 0, 1])
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        for client in [source, other] {
            let header = signature + [0x21, 0x11, 0, 12] + client + [127, 0, 0, 1, 0x12, 0x34, 0, 80]
            try await FastPathFixture.run(
                service, hasFastPath: hasFastPath, proxies: Self.trusted, expectsProxyHeader: true
            ) { fixture in
                let socket = try await fixture.client()
                // The header and the first request come together.
                try await socket.send(header + Array(Self.request([]).utf8))
                _ = try await fixture.finished.wait(for: 1)
                for number in 2...3 {
                    try await socket.send(Self.request(["X-Forwarded-For: 203.0.113.9"]))
                    _ = try await fixture.finished.wait(for: number)
                }
                let lines = try await fixture.lines.wait(for: 3)
                #expect(fixture.finished.all.allSatisfy { $0.status == 200 })
                if hasFastPath { #expect(fixture.finished.all[2].isFast) }
                // The client of the header is asked about others only if it is a proxy itself.
                #expect(
                    lines.map { $0["client.address"] }
                        == (client == source
                            ? ["192.0.2.77", "192.0.2.77", "192.0.2.77"] : ["127.0.0.1", "203.0.113.9", "203.0.113.9"]))
            }
        }
    }

    @Test("Addresses of sockets are read as they are", arguments: ["192.0.2.1", "2001:db8::1", "::1", "127.0.0.1"])
    func addresses(_ text: String) throws {
        let address = try #require(IPAddress(try SocketAddress(ipAddress: text, port: 80)))
        #expect(address == IPAddress(text.utf8))
        #expect(try IPAddress(SocketAddress(unixDomainSocketPath: "/tmp/s")) == nil)
    }
}
