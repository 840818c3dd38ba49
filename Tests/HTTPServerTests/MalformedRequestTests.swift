import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// The server rejects what two servers could read differently. The rest reaches the handler byte for byte.
@Suite struct MalformedRequestTests {
    struct Case: CustomTestStringConvertible {
        let request: String
        let status: Int

        var testDescription: String { "\(self.status) \(self.request.prefix(80).debugDescription)" }

        init(_ request: String, _ status: Int = 400) {
            self.request = request
            self.status = status
        }
    }

    private static let h = "Host: h\r\n"

    static let cases: [Case] = [
        // Smuggling: two lengths, two framings, no certain end.
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 3, 3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: +3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: -3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 0x3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length: 99999999999999999999\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Content-Length : 3\r\n\r\nabc"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: identity\r\n\r\n"),
        Case("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n-1\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n0000000000000003\r\nabc\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"),
        Case("PUT / HTTP/1.1\r\n\(h)Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n"),
        // The head.
        Case("GET / HTTP/1.1\r\n\r\n"),
        Case("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Case("GET / HTTP/1.1\r\nHost: user@host\r\n\r\n"),
        Case("GET / HTTP/1.1\r\n\(h) folded: 1\r\n\r\n"),
        Case("GET / HTTP/1.1\r\n\(h)X: a\r\n folded\r\n\r\n"),
        Case("GET / HTTP/1.1\r\n\(h)X: a\u{0}b\r\n\r\n"),
        Case("GET / HTTP/1.1\r\n\(h)X Y: a\r\n\r\n"),
        Case("GET / HTTP/1.1\r\n\(h): a\r\n\r\n"),
        Case("GET / HTTP/2.0\r\n\(h)\r\n", 505),
        Case("GET / HTTP/1.2\r\n\(h)\r\n", 505),
        Case("GET / HTTP/0.9\r\n\(h)\r\n", 505),
        Case("GET / HTTP/9.9\r\n\(h)\r\n", 505),
        // The line itself. For all of these the parser reports an unsupported version.
        Case("GET / HTTP/1.1 x\r\n\(h)\r\n"),
        Case("GET / HTTP/1.1\n\(h)\r\n"),
        Case("GET / HTTP/1.1 \r\n\(h)\r\n"),
        Case("GET / HTTP/1.1\t\r\n\(h)\r\n"),
        Case("GET / HTTP/1.1\r\r\n\(h)\r\n"),
        Case("GET / HTTP/1.10\r\n\(h)\r\n"),
        Case("GET / HTTP/2.0 \r\n\(h)\r\n"),
        Case("GET / HTTP/2.0\n\(h)\r\n"),
        Case("GET / HTTP/2\r\n\(h)\r\n"),
        Case("GET / HTTP/x.1\r\n\(h)\r\n"),
        Case("GET / http/1.1\r\n\(h)\r\n"),
        Case("GET / ICE/1.0\r\n\(h)\r\n"),
        Case("GET /  HTTP/1.1\r\n\(h)\r\n"),
        Case("GET  / HTTP/1.1\r\n\(h)\r\n"),
        Case(" GET / HTTP/1.1\r\n\(h)\r\n"),
        Case("GET /\r\n\r\n"),
        Case("GET / \r\n\r\n"),
        Case(String(repeating: "\r\n", count: 40) + "GET / HTTP/1.1\r\n\(h)\r\n"),
        Case("G<T / HTTP/1.1\r\n\(h)\r\n"),
        Case("hello\r\n\r\n"),
        Case("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}"),
        // The target.
        Case("GET a HTTP/1.1\r\n\(h)\r\n"),
        Case("GET * HTTP/1.1\r\n\(h)\r\n"),
        Case("GET /a#b HTTP/1.1\r\n\(h)\r\n"),
        Case("GET /a b HTTP/1.1\r\n\(h)\r\n"),
        // The parser accepts no byte beyond ASCII. Clients have to encode them.
        Case("GET /\u{5199}\u{771F}.jpg HTTP/1.1\r\n\(h)\r\n"),
        Case("GET /\u{FFFD} HTTP/1.1\r\n\(h)\r\n"),
        Case("GET ftp://h/a HTTP/1.1\r\n\(h)\r\n"),
        Case("GET http:///a HTTP/1.1\r\n\(h)\r\n"),
        Case("GET http://u@h/a HTTP/1.1\r\n\(h)\r\n"),
        Case("CONNECT h:443 HTTP/1.1\r\n\(h)\r\n"),
        // Sizes.
        Case("GET /" + String(repeating: "a", count: 16_384) + " HTTP/1.1\r\n\(h)\r\n", 414),
        Case("GET /" + String(repeating: "a", count: 300_000) + " HTTP/1.1\r\n\(h)\r\n", 414),
        Case("GET / HTTP/1.1\r\n\(h)X: " + String(repeating: "a", count: 16_385) + "\r\n\r\n", 431),
        Case(
            "GET / HTTP/1.1\r\n\(h)" + String(repeating: "X: \(String(repeating: "a", count: 8_000))\r\n", count: 9)
                + "\r\n", 431),
        Case("GET / HTTP/1.1\r\n\(h)" + String(repeating: "X: a\r\n", count: 128) + "\r\n", 431),
    ]

    @Test(arguments: Self.cases) func malformedRequestsAreRejected(_ rejected: Case) async throws {
        let asked = Notes<Bool>()
        try await ListenerFixture.run { request, _ in
            for try await _ in request.body {}
            asked.add(true)
            return text("no")
        } test: { fixture in
            let answer = try await fixture.exchange(rejected.request)
            #expect(status(answer) == rejected.status)
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(body(answer).contains("\"status\":\(rejected.status)"))
            #expect(asked.all.isEmpty)
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.status == rejected.status)
            #expect(body(answer).contains(finished.requestID))
        }
    }

    @Test(arguments: [
        // Exactly at the limits.
        "/" + String(repeating: "a", count: 16_383),
        // Bytes that many libraries decode, split or normalise.
        "/a%2Fb%2f%2E%2e/%00%25", "//a//b/", "/./a/../b", "/a?b?c=d/e&f=%20+%2B", "/a:b@c;d=e,f!$&'()*+",
        "/http://x/y", "/a\\b|c^d`{}\"<>",
    ]) func theRequestTargetIsPassedOnUnchanged(target: String) async throws {
        try await ListenerFixture.run { request, _ in
            text("<\(request.head.path ?? "none")>")
        } test: { fixture in
            let answer = try await fixture.exchange("GET \(target) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(Array(body(answer).utf8) == Array("<\(target)>".utf8))
        }
    }

    @Test func bytesThatAreNoUTF8AreRejected() async throws {
        try await ListenerFixture.run { _, _ in
            text("no")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Array("GET /".utf8) + [0xFF, 0xC0] + Array(" HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
            #expect(try await status(client.receiveAll()) == 400)
        }
    }

    @Test(arguments: [
        ("http://example.org/a%2Fb?c", "example.org /a%2Fb?c"), ("HTTPS://example.org:81", "example.org:81 /"),
        ("http://[::1]?a", "[::1] /?a"),
    ]) func anAbsoluteURLBecomesOriginForm(target: String, expected: String) async throws {
        try await ListenerFixture.run { request, _ in
            text("<\(request.head.authority ?? "none") \(request.head.path ?? "none")>")
        } test: { fixture in
            let answer = try await fixture.exchange(
                "GET \(target) HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
            #expect(body(answer) == "<\(expected)>")
        }
    }

    @Test func anErrorAfterAGoodRequestIsSentAfterItsResponse() async throws {
        try await ListenerFixture.run { _, _ in
            try await Task.sleep(for: .milliseconds(50))
            return text("first")
        } test: { fixture in
            let answer = try await fixture.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
            #expect(status(answer) == 200)
            let rest = answer.firstRange(of: "first").map { String(answer[$0.upperBound...]) }
            #expect(rest.flatMap(status) == 400)
        }
    }

    /// The parser fails again at every byte after its first error, which once cut the response in flight.
    @Test func moreBytesAfterAnErrorDoNotCutTheResponse() async throws {
        let released = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            _ = try await released.wait()
            return text("first")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            for _ in 0..<3 {
                try await Task.sleep(for: .milliseconds(50))
                try await client.send("nonsense\r\n\r\n")
            }
            try await Task.sleep(for: .milliseconds(50))
            #expect(fixture.finished.all.isEmpty)
            released.add(true)
            let answer = try await client.receiveAll()
            #expect(status(answer) == 200)
            let rest = answer.firstRange(of: "first").map { String(answer[$0.upperBound...]) }
            #expect(rest.flatMap(status) == 400)
            #expect(fixture.finished.all.map(\.status) == [200, 400])
        }
    }

    /// The parser takes `/a` for CONNECT's authority, and then stops for good.
    @Test func aConnectRequestIsRejectedAndEndsTheConnection() async throws {
        try await ListenerFixture.run { _, _ in
            text("no", status: .methodNotAllowed)
        } test: { fixture in
            let answer = try await fixture.exchange("CONNECT /a HTTP/1.1\r\nHost: h\r\n\r\nmore")
            #expect([400, 405].contains(status(answer)))
            #expect(answer.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func headerBytesBeyondASCIIReachTheHandler() async throws {
        try await ListenerFixture.run { request, _ in
            text("<" + (request.headers.first { $0.name.canonicalName == "x-name" }?.value ?? "none") + ">")
        } test: { fixture in
            let answer = try await fixture.exchange(
                "GET / HTTP/1.1\r\nHost: h\r\nX-Name: \u{E9}t\u{E9}\r\nConnection: close\r\n\r\n")
            #expect(body(answer) == "<\u{E9}t\u{E9}>")
        }
    }

    /// The first response to a broken line depended on how the network had split it.
    @Test(arguments: ["GET / HTTP/1.1 \r\n", "GET / HTTP/2.0 \r\n", "GET / HTTP/1.1\n"])
    func aMalformedLineIsRejectedInAnyChunks(line: String) async throws {
        try await ListenerFixture.run { _, _ in
            text("no")
        } test: { fixture in
            for cut in 1..<line.utf8.count {
                let client = try await fixture.client()
                try await client.send(String(line.prefix(cut)))
                try await Task.sleep(for: .milliseconds(2))
                // The server may have rejected it already.
                try? await client.send(String(line.dropFirst(cut)) + "Host: h\r\n\r\n")
                #expect(try await status(client.receiveAll()) == 400, "\(cut)")
            }
        }
    }
}
