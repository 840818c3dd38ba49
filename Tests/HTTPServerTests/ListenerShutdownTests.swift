import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

@Suite struct ListenerShutdownTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func whileDrainingRequestsAreServedWithConnectionClose() async throws {
        try await ListenerFixture.run {
            $0.drainWindow = .seconds(2)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            text("answer")
        } test: { fixture in
            let idle = try await fixture.client()
            try await idle.send(Self.get)
            let before = try await idle.receive(until: "answer")
            #expect(!before.contains("Connection: close"))

            await fixture.shutDown()
            _ = try await fixture.draining.wait()
            // A new connection, and the one that was open.
            #expect(try await fixture.exchange(Self.get).contains("\r\nConnection: close\r\n"))
            try await idle.send(Self.get)
            let answer = try await idle.receiveAll()
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("answer"))
        }
    }

    @Test func idleConnectionsAreClosedAfterTheDrainTime() async throws {
        try await ListenerFixture.run {
            $0.drainWindow = .milliseconds(500)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            text("answer")
        } test: { fixture in
            let idle = try await fixture.client()
            try await idle.send(Self.get)
            _ = try await idle.receive(until: "answer")
            let fresh = try await fixture.client()
            let begin = ContinuousClock.now
            await fixture.shutDown()
            #expect(try await idle.isAtEnd())
            #expect(try await fresh.isAtEnd())
            #expect(ContinuousClock.now - begin >= .milliseconds(450))
            await #expect(throws: (any Error).self) { try await fixture.client() }
        }
    }

    @Test func aSlowReaderGetsEveryByte() async throws {
        let size = 10_000_000
        let started = Notes<Bool>()
        try await ListenerFixture.run {
            $0.drainWindow = .milliseconds(100)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            started.add(true)
            return Response(
                status: .ok,
                body: ResponseBody(length: size) { writer in
                    for _ in 0..<(size / 50_000) { try await writer.write(ByteBuffer(repeating: 120, count: 50_000)) }
                    try await writer.finish()
                }
            )
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 16_384)
            try await client.send(Self.get)
            _ = try await started.wait()
            await fixture.shutDown()
            _ = try await fixture.draining.wait()
            try await Task.sleep(for: .milliseconds(300))
            var received = 0
            for round in 0... {
                let some = try await client.receiveSome()
                if some.isEmpty { break }
                received += some.count
                if round % 50 == 0 { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect((size..<size + 1_000).contains(received))
            #expect(try await fixture.finished.wait()[0].outcome == .complete)
        }
    }

    @Test func bytesInTheSocketBufferAreSentAfterTheListenerHasEnded() async throws {
        let size = 200_000
        try await ListenerFixture.run {
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send(Self.get)
            _ = try await fixture.finished.wait()
            await fixture.shutDown()
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await client.receiveBodyCount() == size)
        }
    }

    @Test func anUploadInProgressIsCompleted() async throws {
        let started = Notes<Bool>()
        try await ListenerFixture.run {
            $0.shutdownLimit = .seconds(20)
        } respond: { request, _ in
            started.add(true)
            return text("got " + String(buffer: try await request.body.collect(upTo: 100)))
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
            _ = try await started.wait()
            await fixture.shutDown()
            try await Task.sleep(for: .milliseconds(200))
            try await client.send("llo")
            let answer = try await client.receiveAll()
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("got hello"))
        }
    }

    @Test func requestsThatDoNotEndAreCancelledAtTheTimeLimit() async throws {
        let cancelled = Notes<Bool>()
        let started = Notes<Bool>()
        try await ListenerFixture.run {
            $0.shutdownLimit = .milliseconds(300)
        } respond: { _, _ in
            started.add(true)
            do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.add(true) }
            throw CancellationError()
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            _ = try await started.wait()
            await fixture.shutDown()
            #expect(try await client.isAtEnd())
            #expect(try await cancelled.wait() == [true])
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.outcome == .shutDown)
            #expect(finished.status == 0)
        }
    }

    @Test func aTaskThatIgnoresCancellationDoesNotBlockTheShutdown() async throws {
        let begin = ContinuousClock.now
        let started = Notes<Bool>()
        try await ListenerFixture.run {
            $0.shutdownLimit = .milliseconds(100)
            $0.cancelGrace = .milliseconds(200)
        } respond: { _, _ in
            started.add(true)
            await Task { try? await Task.sleep(for: .seconds(30)) }.value
            return text("late")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.get)
            _ = try await started.wait()
        }
        #expect(ContinuousClock.now - begin < .seconds(20))
    }

    @Test func connectionsBeyondTheLimitWait() async throws {
        try await ListenerFixture.run {
            $0.maxConnections = 2
        } respond: { _, _ in
            text("answer")
        } test: { fixture in
            var first: RawClient? = try await fixture.client()
            let second = try await fixture.client()
            for client in [first, second] {
                try await client?.send(Self.get)
                _ = try await client?.receive(until: "answer")
            }
            let third = try await fixture.client()
            try await third.send(Self.get)
            try await Task.sleep(for: .milliseconds(200))
            #expect(fixture.finished.all.count == 2)
            first = nil
            #expect(try await third.receive(until: "answer").hasSuffix("answer"))
        }
    }
}
