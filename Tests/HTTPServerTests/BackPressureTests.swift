import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite struct BackPressureTests {
    private static let get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    @Test func aWriterWaitsForAClientThatDoesNotRead() async throws {
        let piece = 1_000_000
        let pieces = 60
        let written = Notes<Int>()
        try await ListenerFixture.run { _, _ in
            Response(
                status: .ok,
                body: ResponseBody(length: piece * pieces) { writer in
                    for index in 0..<pieces {
                        try await writer.write(ByteBuffer(repeating: 120, count: piece))
                        written.add(index)
                    }
                    try await writer.finish()
                }
            )
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 16_384)
            try await client.send(Self.get)
            // Until no more bytes move: the kernel's buffers are full.
            var before = -1
            while before != written.all.count {
                before = written.all.count
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(before < pieces / 2)
            #expect(try await client.receiveBodyCount() == piece * pieces)
            #expect(written.all.count == pieces)
        }
    }

    @Test func aWaitingWriterCanBeCancelled() async throws {
        let errors = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            Response(
                status: .ok,
                body: ResponseBody(length: nil) { writer in
                    // The connection and its client are fine. The handler itself stops.
                    withUnsafeCurrentTask { $0?.cancel() }
                    let filling = ByteBuffer(repeating: 1, count: 1_000_000)
                    do {
                        while true { try await writer.write(filling) }
                    } catch {
                        errors.add(error is CancellationError)
                        throw error
                    }
                }
            )
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send(Self.get)
            #expect(try await errors.wait() == [true])
            #expect(try await fixture.finished.wait()[0].outcome == .broken)
            withExtendedLifetime(client) {}
        }
    }

    @Test func chunksOfEverySizeArriveAsTheyWereWritten() async throws {
        let sizes = [0, 1, 15, 16, 255, 256, 65_535, 65_536, 300_000]
        try await ListenerFixture.run { _, _ in
            Response(
                status: .ok,
                body: ResponseBody(length: nil) { writer in
                    for size in sizes { try await writer.write(ByteBuffer(repeating: 120, count: size)) }
                    try await writer.finish()
                }
            )
        } test: { fixture in
            let answer = try await fixture.exchange(Self.get)
            let expected = sizes.dropFirst().map {
                "\(String($0, radix: 16))\r\n\(String(repeating: "x", count: $0))\r\n"
            }
            #expect(body(answer) == expected.joined() + "0\r\n\r\n")
        }
    }

    @Test func aLargeUploadArrivesCompletely() async throws {
        let size = 4_000_000
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let sent = ByteBuffer(bytes: bytes)
        try await ListenerFixture.run { request, _ in
            let body = try await request.body.collect(upTo: sent.readableBytes)
            return text("<\(body == sent)>")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\nConnection: close\r\n\r\n")
            try await client.send(bytes)
            #expect(try await client.receiveAll().hasSuffix("<true>"))
            #expect(try await fixture.finished.wait()[0].bodyBytesReceived == size)
        }
    }
}
