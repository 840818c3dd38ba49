import HTTPServer
import HTTPTypes
import NIOCore
import ObjectStorage
import TestListener
import Testing

@testable import ImageAPI

/// A body from the store that breaks off never looks complete.
@Suite struct BrokenBodyTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    /// A body from the store that sends some bytes and then fails.
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
    func aStoreErrorBeforeTheFirstByteBecomesAProblem(_ code: StorageError.Code, _ expected: Int) async throws {
        let notes = RequestNotes()
        let respond = Self.failing(after: "", StorageError(code, during: .get, detail: "/srv/secret"), notes)
        try await ListenerFixture.run(respond: respond, answerError: { Problem(thrown: $0).response(requestID: $1) }) {
            fixture in
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

    @Test func aStoreErrorDuringTheBodyIsLoggedAndCutsTheConnection() async throws {
        let notes = RequestNotes()
        let respond = Self.failing(after: "12345", StorageError(.unavailable, during: .get), notes)
        try await ListenerFixture.run(respond: respond, answerError: { Problem(thrown: $0).response(requestID: $1) }) {
            fixture in
            let answer = try await fixture.exchange(Self.get)
            #expect(status(answer) == 200)
            #expect(body(answer) == "12345")
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
            #expect(notes.current.problem?.code == .storageUnavailable)
        }
    }
}
