import HTTPTypes
import Logging
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// A client may shut its sending side after its last request and wait for the responses, as `nc -N` does. Earlier, only
/// hits got a response.
@Suite struct HalfCloseTests {
    @Test(arguments: ["", "Connection: close\r\n"]) func aHalfClosedClientGetsItsResponse(fields: String) async throws {
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
            // The next request shows that the loop has run since.
            try await Task.sleep(for: .milliseconds(50))
            released.add(true)
            let answer = try await client.receiveAll()
            #expect(status(answer) == 200)
            #expect(body(answer) == "answer")
            #expect(try await fixture.finished.wait().map(\.outcome) == [.complete])
        }
    }

    @Test func everyPipelinedRequestOfAHalfClosedClientIsAnswered() async throws {
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

    @Test func anIncompleteRequestOfAHalfClosedClientIsNotAnswered() async throws {
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

    /// Costly work does not start for a client that may have left.
    @Test func costlyWorkIsNotStartedForAHalfClosedClient() async throws {
        let started = Notes<Bool>()
        let released = Notes<Bool>()
        let cancelled = Notes<Bool>()
        try await ListenerFixture.run { _, context in
            started.add(true)
            _ = try? await released.wait()
            context.source.announceCostlyWork()
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
}
