import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// A response that breaks off never looks complete.
@Suite struct BrokenAnswerTests {
    struct Upstream: Error {}

    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    private static func respond(
        length: Int?,
        _ write: @escaping @Sendable (any ResponseBodyWriter) async throws -> Void
    ) -> ListenerFixture.Respond {
        { _, _ in Response(status: .ok, body: ResponseBody(length: length, write)) }
    }

    @Test func aBrokenChunkedResponseHasNoLastChunk() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: nil) { writer in
                try await writer.write(ByteBuffer(string: "begin"))
                throw Upstream()
            }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(answer.contains("\r\nTransfer-Encoding: chunked\r\n"))
            #expect(body(answer) == "5\r\nbegin\r\n")
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.outcome == .broken)
            #expect(finished.status == 200)
        }
    }

    @Test func aBrokenResponseEndsBeforeItsContentLength() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                try await writer.write(ByteBuffer(string: "12345"))
                throw Upstream()
            }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(answer.contains("\r\nContent-Length: 10\r\n"))
            #expect(body(answer) == "12345")
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
        }
    }

    @Test func anErrorAfterTheLastByteStillLeavesTheResponseIncomplete() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                try await writer.write(ByteBuffer(string: "12345"))
                try await writer.write(ByteBuffer(string: "67890"))
                throw Upstream()
            }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(body(answer) == "12345")
        }
    }

    @Test func anErrorBeforeTheFirstByteIsAProblem() async throws {
        try await ListenerFixture.run(respond: Self.respond(length: 10) { _ in throw Upstream() }) { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            let answer = try await client.receive(until: "}")
            #expect(status(answer) == 500)
            #expect(body(answer).contains("\"status\":500"))
            #expect(!body(answer).contains("Upstream"))
        }
    }

    @Test func anErrorOfTheResponderIsAProblem() async throws {
        try await ListenerFixture.run { _, _ in
            throw Upstream()
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            #expect(try await status(client.receive(until: "}")) == 500)
        }
    }

    /// If nothing was sent yet, the client gets an error; otherwise the response stays incomplete.
    @Test(arguments: [
        (["12345", "678901"], 200), (["12345678901"], 500), (["1234567890", "1"], 500),
    ]) func aBodyLongerThanItsContentLengthIsAnError(pieces: [String], expected: Int) async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                for piece in pieces { try await writer.write(ByteBuffer(string: piece)) }
                try await writer.finish()
            }
        ) { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            let answer = try await client.receive(until: "}")
            #expect(status(answer) == expected)
            if expected == 200 { #expect(body(answer) == "12345") }
        }
    }

    @Test func aBodyShorterThanItsContentLengthIsAnError() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                try await writer.write(ByteBuffer(string: "12345"))
                try await writer.finish()
            }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(body(answer) == "12345")
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
        }
    }

    @Test func aBodyWriterThatReturnsWithoutFinishingIsAnError() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: nil) { try await $0.write(ByteBuffer(string: "begin")) }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(body(answer) == "5\r\nbegin\r\n")
        }
    }

    @Test func aBrokenResponseThatEndsWithTheConnectionEndsInAReset() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: nil) { writer in
                try await writer.write(ByteBuffer(string: "begin"))
                try await Task.sleep(for: .milliseconds(100))
                throw Upstream()
            }
        ) { fixture in
            let client = try await fixture.client()
            try await client.send("GET /a HTTP/1.0\r\n\r\n")
            #expect(try await client.receive(until: "begin").contains("\r\nConnection: close\r\n"))
            await #expect(throws: RawClient.SystemCallError.self) { try await client.receiveAll() }
        }
    }

    @Test func aWrongContentLengthFieldIsNotSent() async throws {
        try await ListenerFixture.run { _, _ in
            var response = text("four")
            response.headers[.contentLength] = "5"
            return response
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            #expect(try await status(client.receive(until: "}")) == 500)
        }
    }
}
