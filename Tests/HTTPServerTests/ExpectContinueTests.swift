import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite struct ExpectContinueTests {
    private static func put(_ more: String) -> String {
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\(more)\r\n"
    }

    @Test func continueIsSentWhenTheBodyIsFirstRead() async throws {
        let asked = Notes<Bool>()
        try await ListenerFixture.run { request, _ in
            try await Task.sleep(for: .milliseconds(100))
            asked.add(true)
            let body = try await request.body.collect(upTo: 100)
            return text("got " + String(buffer: body))
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.put("Expect: 100-Continue\r\n"))
            let interim = try await client.receive(until: "\r\n\r\n")
            #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(asked.all == [true])
            try await client.send("hello")
            let answer = try await client.receive(until: "got hello")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(!answer.contains("Connection:"))
            // The connection stays open.
            try await client.send(Self.put("Connection: close\r\n") + "again")
            #expect(try await client.receiveAll().hasSuffix("got again"))
        }
    }

    @Test func noContinueForAClientThatHasBegunToSend() async throws {
        try await ListenerFixture.run { request, _ in
            try await Task.sleep(for: .milliseconds(100))
            return text("got " + String(buffer: try await request.body.collect(upTo: 100)))
        } test: { fixture in
            let answer = try await fixture.exchange(Self.put("Expect: 100-continue\r\nConnection: close\r\n") + "hello")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("got hello"))
        }
    }

    @Test func anEarlyAnswerSendsNoContinueAndCloses() async throws {
        try await ListenerFixture.run { _, _ in
            text("no", status: .contentTooLarge)
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.put("Expect: 100-continue\r\n"))
            let answer = try await client.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
            #expect(answer.contains("\r\nConnection: close\r\n"))
        }
    }

    @Test func anUnknownExpectationIsRejected() async throws {
        try await ListenerFixture.run { _, _ in
            text("no")
        } test: { fixture in
            let answer = try await fixture.exchange(Self.put("Expect: miracles\r\n"))
            #expect(status(answer) == 417)
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(body(answer).contains("only expectation that can be met"))
        }
    }

    @Test func anExpectationWithoutABodyOrInHTTP10IsIgnored() async throws {
        try await ListenerFixture.run { request, _ in
            text("got " + String(buffer: try await request.body.collect(upTo: 100)))
        } test: { fixture in
            let get = "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
            #expect(try await fixture.exchange(get).hasPrefix("HTTP/1.1 200 OK\r\n"))
            let old = "PUT / HTTP/1.0\r\nContent-Length: 5\r\nExpect: anything\r\n\r\nhello"
            let answer = try await fixture.exchange(old)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("got hello"))
        }
    }
}
