import ImageService
import ObjectStorage
import TestListener
import Testing

@testable import ImageAPI

/// Bytes that slow readers had not taken were in no budget: 5,000 such readers held a gigabyte.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AnswerHoldTests {
    private static let length = 12_000_000
    private static let request =
        "GET /api/v1/images/stream.jpg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func run(_ test: @escaping @Sendable (FastPathFixture, ImageService) async throws -> Void) async throws {
        let service = try await FastPathFixture.makeService()
        try await FastPathFixture.store("stream.jpg", Self.length, in: service)
        try await FastPathFixture.run(service, hasFastPath: true) { try await test($0, service) }
    }

    @Test func anAnswerIsCountedUntilItsClientHasLeft() async throws {
        try await run { fixture, service in
            var client: RawClient? = try await fixture.client(receiveBuffer: 4096)
            try await client?.send(Self.request)
            try await until { service.usage.answerBytes > 0 }
            #expect(fixture.finished.all.isEmpty)
            client = nil
            try await until { service.usage.answerBytes == 0 }
        }
    }

    @Test func anAnswerIsCountedUntilItsLastByteIsSent() async throws {
        try await run { fixture, service in
            let client = try await fixture.client(receiveBuffer: 65_536)
            try await client.send(Self.request)
            var received = 0
            while true {
                let some = try await client.receiveSome(atMost: 500_000)
                if some.isEmpty { break }
                if received == 0 { #expect(service.usage.answerBytes > 0) }
                received += some.count
            }
            #expect(received > Self.length)
            try await until { service.usage.answerBytes == 0 }
        }
    }
}
