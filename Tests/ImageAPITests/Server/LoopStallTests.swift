import Foundation
import HTTPTypes
import ImageRequests
import ImageService
import Logging
import NIOCore
import NIOPosix
import ObjectStorage
import ServiceLifecycle
import TestListener
import Testing

@testable import ImageAPI

/// An event loop serves hundreds of connections, and all of them wait while it works for one request. So it computes
/// nothing that grows with what clients send.
@Suite(.serialized) struct LoopStallTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { self.name }

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        init(_ name: String, get target: String, _ fields: String = "") {
            self.init(name, Array("GET \(target) HTTP/1.1\r\nHost: h\r\n\(fields)Connection: close\r\n\r\n".utf8))
        }

        init(_ name: String, put body: [UInt8], _ method: String = "PUT /api/v1/images/x", _ fields: String = "") {
            let head =
                "\(method) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(body.count)\r\n\(fields)Connection: close\r\n\r\n"
            self.init(name, Array(head.utf8) + body)
        }
    }

    /// Without optimisation everything takes at least ten times as long.
    private static let limit: Double = {
        #if DEBUG
            60
        #else
            5
        #endif
    }()

    private static func many(_ text: String, _ bytes: Int) -> String {
        String(repeating: text, count: bytes / text.utf8.count)
    }

    static let reads: [Case] = [
        Case("a listing of 1,000", get: "/api/v1/images?limit=1000"),
        Case("a listing of prefixes", get: "/api/v1/images?limit=1000&delimiter=/"),
        Case("a query of many parameters", get: "/api/v1/images/p.jpg?" + many("a&", 16_000)),
        Case("a query of many known parameters", get: "/api/v1/images/p.jpg?" + many("w=1&", 16_000)),
        Case("a query of escapes", get: "/api/v1/images/p.jpg?a=" + many("%41", 16_000)),
        Case("a path of escapes", get: "/api/v1/images/" + many("%41", 16_000)),
        Case("a path of slashes", get: "/api/v1/images/" + many("a/", 16_000)),
        Case("a long Accept", get: "/api/v1/images/p.jpg?w=16", "Accept: \(many("a/b;q=0.1,", 16_000))\r\n"),
        Case(
            "several long Accept", get: "/api/v1/images/p.jpg?w=16", many("Accept: \(many("a,", 15_000))\r\n", 60_000)),
        Case("many tags", get: "/api/v1/images/p.jpg", many("If-None-Match: \(many("\"a\",", 15_000))\r\n", 60_000)),
        Case(
            "unclosed tags", get: "/api/v1/images/p.jpg", many("If-None-Match: \(many("W/\"a,", 15_000))\r\n", 60_000)),
        Case("many ranges", get: "/api/v1/images/p.jpg", "Range: bytes=\(many("0-1,", 15_000))\r\n"),
        Case("many fields", get: "/api/v1/images/p.jpg", many("X-Field: y\r\n", 1_400)),
        Case("metadata", get: "/api/v1/metadata/p.jpg"),
        Case(
            "requests sent ahead",
            Array(
                String(
                    repeating: "GET /api/v1/images/p.jpg HTTP/1.1\r\nHost: h\r\n\r\n", count: 1_200
                ).utf8)
                + Array("GET /api/v1/images/p.jpg HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".utf8)),
        Case(
            "requests sent ahead, the long way",
            Array(
                String(
                    repeating: "GET /api/v1/images/none HTTP/1.1\r\nHost: h\r\n\r\n", count: 1_200
                ).utf8)
                + Array("GET /api/v1/images/p.jpg HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".utf8)),
    ]

    private static func form(_ parts: [String]) -> Case {
        let body = parts.map { "--b\r\n\($0)\r\n" }.joined() + "--b--\r\n"
        return Case(
            "", put: Array(body.utf8), "POST /api/v1/images", "Content-Type: multipart/form-data; boundary=b\r\n")
    }

    static let writes: [Case] = [
        Case(
            "a form of many files",
            form(
                (0..<998).map {
                    "Content-Disposition: form-data; name=f; filename=\"\($0)\"\r\n\r\nno image"
                }
            ).bytes),
        Case(
            "a form of many fields",
            form(
                (0..<998).map {
                    "Content-Disposition: form-data; name=f\($0)\r\n\r\n\(many("x", 8_000))"
                }
            ).bytes),
        Case(
            "a form of long headers",
            form(
                (0..<200).map { _ in
                    many("X: \(many("y", 1_000))\r\n", 15_000) + "Content-Disposition: form-data; name=f\r\n\r\nx"
                }
            ).bytes),
        Case(
            "a form of nearly boundaries",
            form([
                "Content-Disposition: form-data; name=f; filename=\"a\"\r\n\r\n" + many("\r\n--\r\n-", 4 << 20)
            ]).bytes),
        Case(
            "a form of one large file",
            form([
                "Content-Disposition: form-data; name=f; filename=\"a\"\r\n\r\n" + many("x", 4 << 20)
            ]).bytes),
        Case(
            "chunks of one byte",
            Array(
                ("PUT /api/v1/images/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                    + many("1\r\nx\r\n", 1 << 20) + "0\r\n\r\n").utf8)),
    ]

    @Test(arguments: Self.reads + Self.writes) func noRequestBlocksAnEventLoop(_ stalling: Case) async throws {
        let service = try await FastPathFixture.makeService()
        for number in 0..<1_000 { try await FastPathFixture.store("many/\(number)/p.jpg", 700, in: service) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await FastPathFixture.run(service, hasFastPath: true, eventLoopGroup: group) { fixture in
            let watch = LoopWatch(group.any())
            // The first run sets things up that stay.
            _ = try await Self.send(stalling, to: fixture)
            _ = try await watch.take()
            let answer = try await Self.send(stalling, to: fixture)
            let longest = try await watch.take()
            watch.stop()
            #expect(!answer.isEmpty)
            #expect(longest < Self.limit, "\(stalling.name)")
        }
        try await group.shutdownGracefully()
    }

    private static func send(_ stalling: Case, to fixture: FastPathFixture) async throws -> String {
        let client = try await fixture.client()
        async let sent: Void? = try? client.send(stalling.bytes)
        let answer = try await FastPathFixture.receiveAll(client)
        _ = await sent
        return String(decoding: answer.prefix(100), as: UTF8.self)
    }
}
