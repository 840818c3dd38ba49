import HTTPTypes
import NIOCore
import TestListener
import Testing

@testable import HTTPServer

/// A client that closes its side in the middle of a request has left. Between requests it may close its side.
@Suite struct ClientLeavesTests {
    enum Way: CaseIterable {
        case halfClose, close, reset

        func leave(_ client: inout RawClient?) {
            switch self {
            case .halfClose: client?.closeOutput()
            case .close: client = nil
            case .reset:
                client?.resetOnClose()
                client = nil
            }
        }
    }

    @Test(arguments: Way.allCases) func aClientThatLeavesDuringItsBodyCancelsTheRequest(way: Way) async throws {
        let errors = Notes<RequestBodyError>()
        let cancelled = Notes<Bool>()
        let started = Notes<Bool>()
        try await ListenerFixture.run { request, _ in
            do {
                started.add(true)
                for try await _ in request.body {}
                return text("whole")
            } catch let error as RequestBodyError {
                errors.add(error)
                cancelled.add(Task.isCancelled)
                throw error
            }
        } test: { fixture in
            var client: RawClient? = try await fixture.client()
            try await client?.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
            _ = try await started.wait()
            way.leave(&client)
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.status == 499)
            #expect(finished.outcome == .clientLeft)
            #expect(try await errors.wait() == [.clientLeft])
        }
    }

    /// After a request that says `close` nothing more is read, but the server still notices that its client leaves.
    /// Codec work is cancelled if the client has closed a side, because it may have left.
    @Test(arguments: Way.allCases, ["", "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: x\r\n"])
    func aClientThatLeavesCancelsCodecWork(way: Way, fields: String) async throws {
        let cancelled = Notes<Bool>()
        let started = Notes<Bool>()
        try await ListenerFixture.run { _, context in
            context.source.announceCostlyWork()
            started.add(true)
            do {
                try await Task.sleep(for: .seconds(30))
            } catch {
                cancelled.add(Task.isCancelled)
                throw error
            }
            return text("late")
        } test: { fixture in
            var client: RawClient? = try await fixture.client()
            try await client?.send("GET /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
            _ = try await started.wait()
            way.leave(&client)
            #expect(try await cancelled.wait() == [true])
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.status == 499)
            #expect(finished.bytesSent == 0)
        }
    }

    /// A reset means that the client has left.
    @Test(arguments: ["", "Connection: close\r\n"]) func aResetCancelsAllWorkOfTheRequest(fields: String) async throws {
        let cancelled = Notes<Bool>()
        let started = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            started.add(true)
            do {
                try await Task.sleep(for: .seconds(30))
            } catch {
                cancelled.add(Task.isCancelled)
                throw error
            }
            return text("late")
        } test: { fixture in
            var client: RawClient? = try await fixture.client()
            try await client?.send("GET /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
            _ = try await started.wait()
            Way.reset.leave(&client)
            #expect(try await cancelled.wait() == [true])
        }
    }

    @Test(arguments: [Way.close, .reset]) func aClientThatLeavesDuringTheResponseCancelsIt(way: Way) async throws {
        let errors = Notes<ResponseWriteError>()
        let started = Notes<Bool>()
        try await ListenerFixture.run { _, _ in
            Response(
                status: .ok,
                body: ResponseBody(length: nil) { writer in
                    started.add(true)
                    do {
                        while true { try await writer.write(ByteBuffer(repeating: 1, count: 65_536)) }
                    } catch let error as ResponseWriteError {
                        errors.add(error)
                        throw error
                    }
                }
            )
        } test: { fixture in
            var client: RawClient? = try await fixture.client(receiveBuffer: 4096)
            try await client?.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await started.wait()
            way.leave(&client)
            #expect(try await errors.wait() == [.clientLeft])
            let finished = try await fixture.finished.wait()[0]
            #expect(finished.status == 200)
            #expect(finished.outcome == .clientLeft)
        }
    }

    @Test func aWriteThatHasBegunRunsToItsEnd() async throws {
        let done = Notes<Bool>()
        let started = Notes<Bool>()
        try await ListenerFixture.run {
            $0.shutdownLimit = .seconds(10)
        } respond: { _, _ in
            started.add(true)
            // Like a storage write, this ignores the cancellation.
            await Task { try? await Task.sleep(for: .milliseconds(300)) }.value
            done.add(true)
            return text("nobody listens")
        } test: { fixture in
            var client: RawClient? = try await fixture.client()
            try await client?.send("DELETE /a HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await started.wait()
            client = nil
            _ = try await fixture.finished.wait()
        }
        // The listener has not ended earlier.
        #expect(done.all == [true])
    }

    @Test func aCloseBetweenRequestsCancelsNothing() async throws {
        try await ListenerFixture.run { _, _ in
            text("answer")
        } test: { fixture in
            let client = try await fixture.client()
            try await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await client.receive(until: "answer")
            client.closeOutput()
            #expect(try await client.isAtEnd())
            #expect(fixture.finished.all.map(\.outcome) == [.complete])
        }
    }

    @Test func aWrittenResponseIsFlushedAfterTheClientHasClosed() async throws {
        let size = 8_000_000
        let written = Notes<Bool>()
        try await ListenerFixture.run {
            $0.shutdownLimit = .seconds(20)
        } respond: { _, _ in
            written.add(true)
            return Response(status: .ok, body: ResponseBody(ByteBuffer(repeating: 120, count: size)))
        } test: { fixture in
            let client = try await fixture.client(receiveBuffer: 4096)
            try await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            // The first bytes show that the response was handed over. It was in one batch.
            var received = try await client.receiveSome().count
            client.closeOutput()
            while true {
                let some = try await client.receiveSome()
                if some.isEmpty { break }
                received += some.count
            }
            #expect(received > size)
        }
    }
}
