import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// Serialized, so that a busy machine does not make a fast client slow.
@Suite(.serialized) struct TimeoutTests {
    private static let put = "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"

    @Test func aBodyThatStopsIsATypedErrorAnd408() async throws {
        let errors = Notes<RequestBodyError>()
        try await ListenerFixture.run {
            $0.bodyTimeout = .milliseconds(200)
        } respond: { request, _ in
            do {
                for try await _ in request.body {}
            } catch let error as RequestBodyError {
                errors.add(error)
                throw error
            }
            return text("whole")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.put + "12345")
            let answer = try await client.receiveAll()
            #expect(status(answer) == 408)
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(body(answer).contains("timedOut"))
            #expect(errors.all == [.timedOut])
            #expect(try await fixture.finished.wait()[0].status == 408)
        }
    }

    @Test func everyByteRestartsTheTimeout() async throws {
        try await ListenerFixture.run {
            $0.bodyTimeout = .seconds(2)
        } respond: { request, _ in
            text("got " + String(buffer: try await request.body.collect(upTo: 100)))
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.put)
            for digit in 0..<10 {
                try await Task.sleep(for: .milliseconds(250))
                try await client.send("\(digit)")
            }
            #expect(try await client.receive(until: "got 0123456789").hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func timeInWhichTheHandlerDoesNotReadDoesNotCount() async throws {
        try await ListenerFixture.run {
            $0.bodyTimeout = .milliseconds(150)
        } respond: { request, _ in
            try await Task.sleep(for: .milliseconds(500))
            return text("got " + String(buffer: try await request.body.collect(upTo: 100)))
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send(Self.put)
            try await Task.sleep(for: .milliseconds(450))
            try await client.send("0123456789")
            #expect(try await client.receive(until: "got 0123456789").hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func aHeadThatComesTooSlowlyEndsTheConnection() async throws {
        try await ListenerFixture.run {
            $0.headTimeout = .milliseconds(300)
            $0.idleTimeout = .seconds(60)
        } respond: { _, _ in
            text("no")
        } test: { fixture in
            let client = try await fixture.client()
            for byte in "GET / HTTP/1.1\r\n" {
                // The server answers and closes in the middle of this.
                guard (try? await client.send(String(byte))) != nil else { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await status(client.receiveAll()) == 408)
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.head == nil)
            #expect(finished.status == 408)
        }
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"])
    func anIdleConnectionIsClosedWithoutAResponse(before: String) async throws {
        try await ListenerFixture.run {
            $0.idleTimeout = .milliseconds(200)
        } respond: { _, _ in
            text("answer")
        } test: { fixture in
            let answer = try await fixture.exchange(before)
            #expect(answer.isEmpty == before.isEmpty)
            #expect(answer.isEmpty || answer.hasSuffix("answer"))
            #expect(!answer.contains("408"))
        }
    }

    @Test func aClientThatReadsNoBytesIsDisconnected() async throws {
        let errors = Notes<ResponseWriteError>()
        try await ListenerFixture.run {
            $0.writeTimeout = .milliseconds(400)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            Response(
                status: .ok,
                body: ResponseBody(length: nil) { writer in
                    do {
                        while true { try await writer.write(ByteBuffer(repeating: 1, count: 65_536)) }
                    } catch let error as ResponseWriteError {
                        errors.add(error)
                        throw error
                    }
                }
            )
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.outcome == .stalled)
            #expect(finished.status == 200)
            #expect(try await errors.wait() == [.stalled])
            // Nothing after the cut may look like the end of the body.
            await #expect(throws: RawClient.SystemCallError.self) { try await client.receiveAll() }
        }
    }

    @Test func aClientThatDoesNotReadASmallResponseIsDisconnected() async throws {
        // As one buffer, which goes to the channel at once, so that no writer waits for it.
        let size = 30_000_000
        try await ListenerFixture.run {
            $0.writeTimeout = .milliseconds(400)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 1, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.outcome == .stalled)
            #expect(finished.bytesSent < size)
            withExtendedLifetime(client) {}
        }
    }

    @Test func aSlowReaderIsNotDisconnected() async throws {
        let size = 12_000_000
        try await ListenerFixture.run {
            $0.writeTimeout = .seconds(2)
        } respond: { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 65_536)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            var received = 0
            let begin = ContinuousClock.now
            while true {
                let some = try await client.receiveSome(atMost: 200_000)
                if some.isEmpty { break }
                received += some.count
                try await Task.sleep(for: .milliseconds(received < 4_000_000 ? 60 : 1))
            }
            // Longer than the limit, so progress must have restarted the timeout.
            #expect(ContinuousClock.now - begin > .seconds(2))
            #expect(received > size)
            #expect(try await fixture.finished.wait()[0].outcome == .complete)
        }
    }

    /// 18 uploads that sent a byte every 2 s made every other upload of more than 1 MiB wait for 180 s.
    @Test func aBodyThatComesTooSlowlyEndsTheConnection() async throws {
        let errors = Notes<RequestBodyError>()
        try await ListenerFixture.run {
            $0.rateWindow = .milliseconds(200)
            $0.minUploadRate = 1 << 20
        } respond: { request, _ in
            do {
                for try await _ in request.body {}
            } catch let error as RequestBodyError {
                errors.add(error)
                throw error
            }
            return text("whole")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
            // One byte at a time, which restarts the timeout, until the server gives up.
            while errors.all.isEmpty {
                guard (try? await client.send("x")) != nil else { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            let answer = try await client.receiveAll()
            #expect(status(answer) == 408)
            #expect(body(answer).contains("tooSlow(bytesPerSecond: 1048576)"))
            #expect(errors.all == [.tooSlow(bytesPerSecond: 1 << 20)])
        }
    }

    @Test func aBodyMustComeFasterWhileOthersWait() async throws {
        let errors = Notes<RequestBodyError>()
        let waits = Notes<Bool>()
        try await ListenerFixture.run {
            $0.rateWindow = .milliseconds(200)
            $0.minUploadRate = 1
            $0.contendedRate = 1 << 20
        } respond: { request, _ in
            do {
                for try await _ in request.body {}
            } catch let error as RequestBodyError {
                errors.add(error)
                throw error
            }
            return text("whole")
        } hooks: {
            $0.uploadsWait = { !waits.all.isEmpty }
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
            for _ in 0..<100 {
                try await client.send("x")
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(errors.all.isEmpty)
            waits.add(true)
            while errors.all.isEmpty {
                guard (try? await client.send("x")) != nil else { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await errors.wait() == [.tooSlow(bytesPerSecond: 1 << 20)])
        }
    }

    @Test(arguments: [true, false])
    func aClientThatReadsTooSlowlyIsDisconnected(othersWait: Bool) async throws {
        try await ListenerFixture.run {
            $0.rateWindow = .milliseconds(200)
            $0.minDownloadRate = othersWait ? 1 : 1 << 30
            $0.contendedRate = 1 << 30
            $0.writeTimeout = .seconds(3_600)
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 1, count: 30_000_000)))
        } hooks: {
            $0.othersWait = { _ in othersWait }
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            // It does take bytes, so it has not stalled.
            while fixture.finished.all.isEmpty {
                guard (try? await client.receiveSome(atMost: 2_000)) != nil else { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await fixture.finished.wait()[0].outcome == .stalled)
        }
    }

    /// The client takes nothing, but the rule is about clients that take too little. The write timeout handles those
    /// that take nothing.
    @Test func aReaderAboveTheMinimumRateIsNotDisconnected() async throws {
        let size = 6_000_000
        try await ListenerFixture.run {
            $0.rateWindow = .milliseconds(100)
            $0.minDownloadRate = 1
            $0.contendedRate = 1 << 30
        } respond: { _, _ in
            Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 65_536)
            try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            var received = 0
            while true {
                let some = try await client.receiveSome(atMost: 200_000)
                if some.isEmpty { break }
                received += some.count
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(received > size)
            #expect(try await fixture.finished.wait()[0].outcome == .complete)
        }
    }
}
