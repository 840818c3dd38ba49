import Hummingbird
import ImageService
import Logging
import NIOCore
import Testing

@testable import ImageAPI

/// A client may shut its sending side behind its last request, and wait for the answers: `nc -N` does. Hits were
/// answered and everything else was not.
@Suite struct HalfCloseTests {
    @Test(arguments: ["", "Connection: close\r\n"]) func theAnswerIsSent(fields: String) async throws {
        let started = Notes<Bool>()
        let released = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            started.add(true)
            _ = try await released.wait()
            return text("answer")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
            _ = try await started.wait()
            client.closeOutput()
            // The next request shows that the loop has turned since.
            try await Task.sleep(for: .milliseconds(50))
            released.add(true)
            let answer = try await client.receiveAll()
            #expect(status(answer) == 200)
            #expect(body(answer) == "answer")
            #expect(try await fixture.finished.wait().map(\.outcome) == [.complete])
        }
    }

    @Test func everyRequestThatWasSentAheadIsAnswered() async throws {
        try await ListenerFixture.run { request, _ in
            let bytes = try await request.body.collect(upTo: 1000)
            return text("<\(request.head.path ?? "") \(bytes.readableBytes)>")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(
                "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
            client.closeOutput()
            let answer = try await client.receiveAll()
            let bodies = answer.split(separator: "<").dropFirst().compactMap { $0.split(separator: ">").first }
            #expect(bodies == ["/1 0", "/2 3", "/3 0"])
        }
    }

    @Test func aRequestWithoutItsEndIsNotAnswered() async throws {
        try await ListenerFixture.run { _, _ in
            text("answer")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHo")
            client.closeOutput()
            let answer = try await client.receiveAll()
            #expect(answer.split(separator: "HTTP/1.1 200").count == 1)
        }
    }

    /// A turn at a codec is not taken for a client that may have left.
    @Test func workOnACodecIsNotBegun() async throws {
        let started = Notes<Bool>()
        let released = Notes<Bool>()
        let cancelled = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            started.add(true)
            _ = try? await released.wait()
            CodecDemand.current?.note()
            try? await Task.sleep(for: .seconds(30))
            cancelled.add(Task.isCancelled)
            return text("late")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await started.wait()
            client.closeOutput()
            try await Task.sleep(for: .milliseconds(50))
            released.add(true)
            #expect(try await client.receiveAll().isEmpty)
            #expect(try await cancelled.wait() == [true])
        }
    }

    /// What the service says, where it has to make a rendition and where it does not.
    @Test func onlyWhatIsMadeNeedsACodec() async throws {
        let service = try await FastPathFixture.makeService()
        let demands = Notes<String>()
        for (target, expected) in [
            ("p.jpg?w=16", 1), ("p.jpg?w=16", 1), ("p.jpg", 1), ("p.jpg?w=17", 2), ("missing.jpg?w=16", 2),
        ] {
            let context = APIContext(
                source: ServerRequestSource(logger: .init(label: "test"), requestID: "1", remoteAddress: nil))
            let responder = ImageResponder(service: service, configuration: try FastPathFixture.makeConfiguration())
            let request = Request(
                head: .init(method: .get, scheme: "http", authority: "h", path: "/api/v1/images/\(target)"),
                body: RequestBody(buffer: ByteBuffer()))
            _ = try await CodecDemand.$current.withValue(CodecDemand { demands.add(target) }) {
                try await responder.respond(to: request, context: context)
            }
            #expect(demands.all.count == expected, "\(target)")
        }
    }

    /// The fast path and the long way behave alike.
    @Test(arguments: [true, false]) func hitsAreAnswered(hasFastPath: Bool) async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.run(service, hasFastPath: hasFastPath) { fixture in
            for _ in 0..<2 {
                for target in ["p.jpg", "missing.jpg", "huge.jpg", "p.jpg?w=0"] {
                    let client = try await fixture.client()
                    try await client.send(
                        FastPathTests.request(target) + FastPathTests.request("p.jpg", method: "HEAD"))
                    client.closeOutput()
                    let answer = String(decoding: try await FastPathFixture.receiveAll(client), as: UTF8.self)
                    #expect(answer.split(separator: "HTTP/1.1 ").count >= 2, "\(target)")
                }
            }
        }
    }
}
