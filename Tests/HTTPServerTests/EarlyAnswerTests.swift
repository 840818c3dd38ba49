import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// A response before the end of the body: the client gets all of it, although it still sends.
@Suite struct EarlyAnswerTests {
    private static func head(_ length: Int) -> String {
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n"
    }

    @Test func theRestOfTheBodyIsReadAndDropped() async throws {
        try await ListenerFixture.run {
            $0.lingerTimeout = .seconds(5)
        } respond: { _, _ in
            text("refused", status: .contentTooLarge)
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.head(900_000))
            // After a reset, one of these sends or the receive would fail.
            for _ in 0..<9 { try await client.send([UInt8](repeating: 1, count: 100_000)) }
            let answer = try await client.receiveAll()
            #expect(status(answer) == 413)
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("refused"))
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.outcome == .complete)
            #expect(finished.status == 413)
            #expect(finished.bytesSent == answer.utf8.count)
        }
    }

    @Test func theRestIsReadOnlyUpToItsLimit() async throws {
        try await ListenerFixture.run {
            $0.lingerBytes = 200_000
            $0.lingerTimeout = .seconds(60)
            $0.shutdownLimit = .seconds(60)
        } respond: { _, _ in
            text("refused", status: .contentTooLarge)
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.head(1_000_000_000))
            await #expect(throws: RawClient.SystemCallError.self) {
                // More than the buffers of both kernels can hold.
                for _ in 0..<1_000 { try await client.send([UInt8](repeating: 1, count: 100_000)) }
            }
        }
    }

    @Test func theConnectionClosesAtTheTimeout() async throws {
        try await ListenerFixture.run {
            $0.lingerTimeout = .milliseconds(200)
            $0.shutdownLimit = .seconds(60)
        } respond: { _, _ in
            text("refused", status: .contentTooLarge)
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.head(1_000_000_000))
            #expect(try await client.receiveAll().hasSuffix("refused"))
            await #expect(throws: RawClient.SystemCallError.self) {
                // Slow sending, below the budget.
                for _ in 0..<500 {
                    try await client.send("x")
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test func aCompleteBodyKeepsTheConnectionOpen() async throws {
        try await ListenerFixture.run { _, _ in
            text("refused", status: .forbidden)
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.head(5) + "hello")
            let answer = try await client.receive(until: "refused")
            #expect(!answer.contains("Connection:"))
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(try await status(client.receiveAll()) == 403)
        }
    }

    @Test func aBodyThatNobodyReadsIsNotReadInAdvance() async throws {
        try await ListenerFixture.run {
            $0.lingerBytes = 0
        } respond: { _, _ in
            try await Task.sleep(for: .milliseconds(300))
            return text("late")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.head(100_000_000))
            // Fails when the server closes. Until then the kernels take what they can.
            try? await client.send([UInt8](repeating: 1, count: 100_000_000))
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.bodyBytesReceived > 0)
            #expect(finished.bodyBytesReceived <= 128 * 1024)
        }
    }
}
