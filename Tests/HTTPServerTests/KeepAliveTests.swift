import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite struct KeepAliveTests {
    private static let echo: @Sendable (Request, TestContext) async throws -> Response = { request, _ in
        // Later ones are faster, so only the server keeps the responses in order.
        let path = request.head.path ?? ""
        if path == "/1" { try await Task.sleep(for: .milliseconds(60)) }
        let body = try await request.body.collect(upTo: 1_000_000)
        return text("<\(request.method) \(path) \(String(buffer: body))>")
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            let requests = [
                "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n",
                "PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
                "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n",
                "DELETE /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                "GET /5 HTTP/1.1\r\nHost: h\r\n\r\n",
            ]
            let answer = try await fixture.exchange(requests.joined())
            let bodies = answer.split(separator: "<").dropFirst().compactMap { $0.split(separator: ">").first }
            #expect(bodies == ["GET /1 ", "PUT /2 abc", "PUT /3 def", "DELETE /4 "])
            // Nothing after the close is answered or counted.
            #expect(fixture.finished.all.map(\.status) == [200, 200, 200, 200])
        }
    }

    @Test func manyPipelinedRequestsWithLargeAnswersToASlowReader() async throws {
        try await ListenerFixture.run { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: 300_000)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 16_384)
            let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
            let last = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            try await client.send(String(repeating: get, count: 49) + last)
            try await Task.sleep(for: .milliseconds(200))
            let finishedWithoutReading = fixture.finished.all.count
            #expect(finishedWithoutReading < 49)
            // The first head is not counted; the other 49 are.
            let count = try await client.receiveBodyCount()
            #expect((50 * 300_000..<51 * 300_000).contains(count))
            #expect(try await fixture.finished.wait(for: 50).allSatisfy { $0.outcome == .complete })
        }
    }

    @Test func http10ClosesUnlessAskedNotTo() async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            let closing = try await fixture.exchange("GET /a HTTP/1.0\r\n\r\n")
            #expect(closing.contains("\r\nConnection: close\r\n"))
            #expect(closing.hasSuffix("<GET /a >"))

            let client = try await fixture.client()
            for path in ["/a", "/b"] {
                try await client.send("GET \(path) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let answer = try await client.receive(until: ">")
                #expect(answer.contains("\r\nConnection: keep-alive\r\n"))
                #expect(answer.hasSuffix("<GET \(path) >"))
            }
        }
    }

    @Test func headHasALengthAndNoBody() async throws {
        try await ListenerFixture.run { _, _ in
            Response(status: .ok, body: ResponseBody(length: 4711) { _ in fatalHere() })
        } test: { fixture in
            let answer = try await fixture.exchange("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.contains("\r\nContent-Length: 4711\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
            #expect(body(answer).isEmpty)
        }
    }

    @Test func headOfAnUnknownLengthHasNoChunk() async throws {
        try await ListenerFixture.run { _, _ in
            Response(status: .ok, body: ResponseBody(length: nil) { _ in fatalHere() })
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(
                "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let answer = try await client.receiveAll()
            #expect(answer.split(separator: "HTTP/1.1 200 OK\r\n").count == 2)
            #expect(!answer.contains("Transfer-Encoding"))
            #expect(!answer.contains("\r\n0\r\n\r\n"))
        }
    }

    @Test(arguments: [HTTPResponse.Status.noContent, .notModified])
    func responsesWithoutABodyHaveNoLength(status: HTTPResponse.Status) async throws {
        try await ListenerFixture.run { _, _ in
            Response(status: status)
        } test: { fixture in
            let answer = try await fixture.exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status.code) "))
            #expect(!answer.contains("Content-Length"))
            #expect(!answer.contains("Transfer-Encoding"))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func aHandlerMayCloseTheConnection() async throws {
        try await ListenerFixture.run { _, _ in
            var response = text("bye")
            response.headers[.connection] = "close"
            return response
        } test: { fixture in
            let answer = try await fixture.exchange("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(answer.hasSuffix("bye"))
            #expect(answer.split(separator: "Connection: close").count == 2)
        }
    }

    @Test func anUpgradeIsIgnored() async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            // What curl sends with --http2.
            let fields =
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
            let answer = try await fixture.exchange("GET /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
            #expect(status(answer) == 200)
            #expect(answer.hasSuffix("<GET /a >"))
        }
    }

    /// NIO's parser stops after such a request, and its buffer once took everything that came after it.
    @Test func bytesAfterAnUpgradeRequestAreNotRead() async throws {
        let piece = [UInt8](repeating: 65, count: 1_000_000)
        let pieces = 100
        let sent = Notes<Int>()
        let released = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            _ = try await released.wait()
            return text("answer")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(
                "GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            let flood = Task {
                for index in 0..<pieces {
                    try await client.send(piece)
                    sent.add(index)
                }
            }
            // Until no more bytes move: the kernel's buffers are full.
            var before = -1
            while before != sent.all.count {
                before = sent.all.count
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(before < pieces / 2)
            released.add(true)
            // The server reads for a short time after its response, and then closes.
            await #expect(throws: RawClient.SystemCallError.self) { try await flood.value }
            #expect(try await fixture.finished.wait()[0].status == 200)
        }
    }

    @Test(arguments: ["Connection: upgrade\r\nUpgrade: x", "Connection: close"])
    func theResponseIsSentEvenIfMoreBytesFollowTheRequest(fields: String) async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            let client = try await fixture.client()
            try await client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\nGET /b HTTP/1.1\r\n")
            try await Task.sleep(for: .milliseconds(20))
            try await client.send("Host: h\r\n\r\n")
            let answer = try await client.receiveAll()
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("<GET /1 >"))
            #expect(fixture.finished.all.map(\.outcome) == [.complete])
        }
    }

    /// The previous response was in the socket for longer than a connection may be idle. The next request was then
    /// dropped without a response or a log line.
    @Test func aRequestThatComesBeforeTheIdleCloseIsAnswered() async throws {
        let size = 20_000_000
        try await ListenerFixture.run {
            $0.idleTimeout = .milliseconds(200)
            $0.shutdownLimit = .seconds(20)
        } respond: { request, _ in
            request.head.path == "/b"
                ? text("the second one")
                : Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 16_384)
            try await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            try await Task.sleep(for: .milliseconds(600))
            try await client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
            let answer = try await client.receiveAll()
            #expect(answer.utf8.count > size)
            #expect(answer.hasSuffix("the second one"))
            #expect(answer.suffix(300).contains("\r\nConnection: close\r\n"))
            #expect(try await fixture.finished.wait(for: 2).map(\.outcome) == [.complete, .complete])
        }
    }

    @Test func everyAnswerNamesItsRequest() async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            let fine = try await fixture.exchange(
                "GET /a HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n")
            let rejected = try await fixture.exchange("nonsense\r\n\r\n")
            let ids = try await fixture.finished.wait(for: 2).map(\.requestID)
            for (answer, id) in zip([fine, rejected], ids) { #expect(answer.contains("\r\nX-Request-Id: \(id)\r\n")) }
        }
    }

    @Test func everyAnswerHasADate() async throws {
        try await ListenerFixture.run(respond: Self.echo) { fixture in
            let answer = try await fixture.exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(answer.split(separator: "\r\nDate: ").count == 2)
        }
    }

    @Test func theContextHasTheRequestIDAndTheAddress() async throws {
        try await ListenerFixture.run { _, context in
            text("<\(context.source.requestID) \(context.source.isLoopback)>")
        } test: { fixture in
            let answer = try await fixture.exchange("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let finished = try await fixture.finished.wait()[0]
            #expect(body(answer) == "<\(finished.requestID) true>")
            #expect(finished.remoteAddress?.ipAddress == "127.0.0.1")
            #expect(finished.head?.path == "/a")
            #expect(finished.bytesSent == answer.utf8.count)
        }
    }
}

/// The server must not request the body of a response to HEAD.
private func fatalHere() {
    Issue.record("the body was written")
}
