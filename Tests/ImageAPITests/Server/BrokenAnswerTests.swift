import HTTPTypes
import Hummingbird
import NIOCore
import ObjectStorage
import Testing

@testable import ImageAPI

/// An answer that breaks off never looks whole.
@Suite struct BrokenAnswerTests {
    struct Upstream: Error {}

    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    private static func respond(
        length: Int?,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> ListenerFixture.Respond {
        { _, _ in Response(status: .ok, body: ResponseBody(contentLength: length, write)) }
    }

    @Test func chunkedWithoutItsLastChunk() async throws {
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

    @Test func shortOfItsContentLength() async throws {
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

    @Test func anErrorAtTheVeryEndHoldsTheLastBytesBack() async throws {
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
            #expect(body(answer).contains("\"code\":\"internal_error\""))
            #expect(!body(answer).contains("Upstream"))
        }
    }

    /// A body from the store that gives some bytes and then fails.
    private static func failing(
        after bytes: String, _ error: any Error, _ notes: RequestNotes
    ) -> ListenerFixture.Respond {
        let body = ObjectBody {
            var rest = bytes.isEmpty ? nil : ByteBuffer(string: bytes)
            return {
                guard let next = rest else { throw error }
                rest = nil
                return next
            }
        }
        return { _, _ in Response(status: .ok, body: .streaming(body, length: 10, notes: notes)) }
    }

    @Test(arguments: [
        (StorageError.Code.unavailable, 503), (.timedOut, 504), (.badAnswer, 502), (.denied, 502),
        (.preconditionFailed, 409),
    ])
    func aStoreThatFailsBeforeTheFirstByteIsItsOwnProblem(_ code: StorageError.Code, _ expected: Int) async throws {
        let notes = RequestNotes()
        let respond = Self.failing(after: "", StorageError(code, during: .get, detail: "/srv/secret"), notes)
        try await ListenerFixture.run(respond: respond) { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            let answer = try await client.receive(until: "}")
            #expect(status(answer) == expected)
            #expect(answer.contains("\r\nRetry-After: 5\r\n") == [503, 504].contains(expected))
            #expect(answer.contains("\r\nCache-Control: no-store\r\n"))
            #expect(!answer.contains("secret"))
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.status == expected)
            #expect(body(answer).contains("\"requestId\":\"\(finished.requestID)\""))
            #expect(notes.current.problem?.code.status.code == expected)
        }
    }

    @Test func aStoreThatFailsLaterIsNotedAndCut() async throws {
        let notes = RequestNotes()
        let respond = Self.failing(after: "12345", StorageError(.unavailable, during: .get), notes)
        try await ListenerFixture.run(respond: respond) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(status(answer) == 200)
            #expect(body(answer) == "12345")
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
            #expect(notes.current.problem?.code == .storageUnavailable)
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

    /// Where nothing was sent yet the client is told; else the answer stays short.
    @Test(arguments: [
        (["12345", "678901"], 200), (["12345678901"], 500), (["1234567890", "1"], 500),
    ]) func moreThanItsContentLength(pieces: [String], expected: Int) async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                for piece in pieces { try await writer.write(ByteBuffer(string: piece)) }
                try await writer.finish(nil)
            }
        ) { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            let answer = try await client.receive(until: "}")
            #expect(status(answer) == expected)
            if expected == 200 { #expect(body(answer) == "12345") }
        }
    }

    @Test func fewerThanItsContentLength() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: 10) { writer in
                try await writer.write(ByteBuffer(string: "12345"))
                try await writer.finish(nil)
            }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(body(answer) == "12345")
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
        }
    }

    @Test func aBodyThatReturnsWithoutItsEnd() async throws {
        try await ListenerFixture.run(
            respond: Self.respond(length: nil) { try await $0.write(ByteBuffer(string: "begin")) }
        ) { fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(body(answer) == "5\r\nbegin\r\n")
        }
    }

    @Test func untilTheCloseEndsInAReset() async throws {
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
            await #expect(throws: RawClient.Failure.self) { try await client.receiveAll() }
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
