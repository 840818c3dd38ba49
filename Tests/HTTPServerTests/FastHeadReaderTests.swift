import HTTPTypes
import NIOCore
import Testing

@testable import HTTPServer

@Suite("Reader of plain heads")
struct FastHeadReaderTests {
    private let reader = FastHeadReader(ListenerConfiguration(host: "", port: 0))

    private func read(_ text: String) -> (request: FastRequest, length: Int)? {
        self.reader.read(ByteBuffer(string: text))
    }

    @Test func aPlainHeadIsRead() throws {
        let head =
            "GET /a?b=%20 HTTP/1.1\r\nHost: a:80\r\nACCEPT: \timage/webp \r\nIf-None-Match: \"x\"\r\nX-A:\r\n\r\n"
        let (request, length) = try #require(self.read(head + "GET /next"))
        #expect(length == head.utf8.count)
        #expect(!request.isHead)
        #expect(String(buffer: request.target) == "/a?b=%20")
        #expect(request.accept.map { String(buffer: $0) } == "image/webp")
        #expect(request.fields == [.ifNoneMatch: "\"x\""])
        #expect(request.head.path == "/a?b=%20")
        #expect(try #require(self.read("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")).request.isHead)
    }

    @Test func theOriginIsTakenOnce() throws {
        let line = "GET /a HTTP/1.1\r\nHost: a\r\n"
        let (request, _) = try #require(self.read(line + "oRIGIN:  https://a.example \r\n\r\n"))
        #expect(request.origin.map { String(buffer: $0) } == "https://a.example")
        #expect(self.read(line + "\r\n")?.request.origin == nil)
        #expect(self.read(line + "Origin: a\r\nOrigin: a\r\n\r\n") == nil)
    }

    @Test func anIncompleteHeadIsNotRead() {
        let head = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        for length in 0..<head.utf8.count {
            #expect(self.reader.read(ByteBuffer(bytes: head.utf8.prefix(length))) == nil, "\(length)")
        }
        #expect(self.read(head) != nil)
    }

    /// Each of these is ambiguous for some readers, or not for the fast path.
    @Test(arguments: [
        "GET /a HTTP/1.0\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\nHost: a\n\n", "GET /a HTTP/1.1\r\nHost: a\n\r\n",
        "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a HTTP/1.1 \r\nHost: a\r\n\r\n",
        "get /a HTTP/1.1\r\nHost: a\r\n\r\n", "POST /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET /a HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /a HTTP/1.1\r\n Host: a\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX: \u{7F}\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a\r\n\rGET /b HTTP/1.1\r\n\r\n",
    ]) func headsWithMoreThanOneReadingAreLeftToTheParser(head: String) {
        #expect(self.read(head) == nil)
    }

    @Test(arguments: [
        "Content-Length: 0", "content-LENGTH: 3", "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: h2c",
        "TE: trailers", "Trailer: x", "Connection: close", "Connection: upgrade", "Connection: keep-alive, te",
        "Proxy-Connection: keep-alive", "HTTP2-Settings: x", "X-API-Key: x", "Proxy-Authorization: x",
        "Sec-CH-DPR: 2", "Sec-CH-Width: 100", "Save-Data: on", "DPR: 2", "Width: 3", "Sec-CH-Viewport-Width: 3",
    ]) func headsWithOtherFieldsAreLeftToTheParser(field: String) {
        #expect(self.read("GET /a HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n") == nil)
        #expect(self.read("GET /a HTTP/1.1\r\nHost: a\r\nX-\(field)\r\n\r\n") != nil)
    }

    @Test func headsBeyondALimitOfTheListenerAreLeftToTheParser() {
        var configuration = ListenerConfiguration(host: "", port: 0)
        configuration.maxFields = 2
        configuration.maxTargetBytes = 64
        let reader = FastHeadReader(configuration)
        let head = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n"
        #expect(reader.read(ByteBuffer(string: head + "\r\n")) != nil)
        #expect(reader.read(ByteBuffer(string: head + "X: y\r\n\r\n")) == nil)
        let padding = String(repeating: "a", count: 64 - head.utf8.count - 2)
        #expect(reader.read(ByteBuffer(string: head.replacing("y", with: "y" + padding) + "\r\n")) != nil)
        #expect(reader.read(ByteBuffer(string: head.replacing("y", with: "yy" + padding) + "\r\n")) == nil)
    }
}
