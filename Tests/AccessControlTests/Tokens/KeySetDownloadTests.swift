import NIOPosix
import TaskSupport
import TestClock
import Testing

@testable import AccessControl

/// The download over a real socket.
@Suite(.timeLimit(.minutes(1))) struct KeySetDownloadTests {
    private func fetch(
        _ port: Int, clock: MonotonicClock = .continuous
    ) async throws -> Result<[UInt8], KeySetFetchError> {
        let url = try #require(KeySetURL("http://127.0.0.1:\(port)/keys?a=b"))
        let download = KeySetDownload(url, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, clock: clock)
        let result: Result<[UInt8], KeySetFetchError>
        do {
            result = .success(try await download.keySet.fetch())
        } catch {
            result = .failure(error)
        }
        try await download.shutdown()
        return result
    }

    private func fetch(_ response: String) async throws -> Result<[UInt8], KeySetFetchError> {
        let server = try await CannedServer.start(response)
        let result = try await fetch(server.port)
        try await server.stop()
        return result
    }

    @Test func success() async throws {
        let server = try await CannedServer.start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        #expect(try await fetch(server.port) == .success(Array("{}".utf8)))
        let request = try #require(server.received.first)
        #expect(request.hasPrefix("GET /keys?a=b HTTP/1.1\r\n") && !request.lowercased().contains("cookie"))
        #expect(!request.lowercased().contains("authorization"))
        try await server.stop()
    }

    /// Another host would be one that nobody has configured.
    @Test(arguments: [301, 302, 303, 307, 308]) func redirectsAreNotFollowed(_ status: Int) async throws {
        let other = try await CannedServer.start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        let response =
            "HTTP/1.1 \(status) Moved\r\nlocation: http://127.0.0.1:\(other.port)/\r\ncontent-length: 0\r\n\r\n"
        #expect(try await fetch(response) == .failure(.status(status)))
        #expect(other.received.isEmpty)
        try await other.stop()
    }

    @Test(arguments: [201, 204, 206, 304, 400, 404, 500, 503]) func otherStatuses(_ status: Int) async throws {
        let end = [204, 304].contains(status) ? "\r\n" : "content-length: 2\r\n\r\n{}"
        #expect(try await fetch("HTTP/1.1 \(status) X\r\n\(end)") == .failure(.status(status)))
    }

    /// With a declared length, and without one.
    @Test(arguments: [-1, 0, 1], [true, false]) func length(_ more: Int, isDeclared: Bool) async throws {
        let limit = 256 << 10
        let body = String(repeating: "x", count: limit + more)
        let field = isDeclared ? "content-length: \(limit + more)\r\n" : "connection: close\r\n"
        let result = try await fetch("HTTP/1.1 200 OK\r\n\(field)\r\n\(body)")
        #expect(result == (more > 0 ? .failure(.tooLong(limit: limit)) : .success(Array(body.utf8))))
    }

    @Test func brokenAnswers() async throws {
        for response in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"] {
            #expect(try await fetch(response) == .failure(.unreachable))
        }
        let server = try await CannedServer.start("")
        let port = server.port
        try await server.stop()
        #expect(try await fetch(port) == .failure(.unreachable))
    }

    /// No answer at all, and one that stops after its head or within its body.
    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"])
    func deadline(_ response: String) async throws {
        let clock = ManualClock()
        let server = try await CannedServer.start(response, closes: false)
        async let result = fetch(server.port, clock: clock.clock)
        await until { clock.sleeping == 1 && !server.received.isEmpty }
        clock.advance(by: .seconds(5))
        #expect(try await result == .failure(.timedOut))
        try await server.stop()
    }
}
