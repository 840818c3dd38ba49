import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import HTTPServer

/// Compares the reader of the fast path, and the scanner before the parser, with NIO's parser. If they accept a
/// request, the parser must accept the same one, and all must find the same end. An attacker could use a difference to
/// smuggle a request past one of them.
public enum HeadFuzzing {
    /// A request as the parser has read it.
    private struct Parsed: Hashable {
        var head: String
        var body: [UInt8] = []
    }

    /// What the scanner and the parser have made of a stream.
    private struct Outcome: Hashable {
        /// Complete requests.
        var requests: [Parsed] = []
        var isRejected = false
        /// The parser has found another end than the scanner.
        var isTorn = false
    }

    /// The parser without a connection.
    private final class Parser {
        private let channel = EmbeddedChannel()
        private var current: Parsed?
        private(set) var requests: [Parsed] = []
        private(set) var framing = BodyFraming.none
        private(set) var hasBegun = false
        private(set) var hasEnded = false
        private(set) var isRejected = false
        /// After a request that ends the connection, nothing more is read.
        private(set) var isOver = false

        init() throws {
            let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
            try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
        }

        deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

        func feed(_ bytes: ByteBuffer) {
            hasBegun = false
            hasEnded = false
            do { try channel.writeInbound(bytes) } catch { isRejected = true }
            while !isOver, let part = try? channel.readInbound(as: HTTPServerRequestPart.self) { take(part) }
        }

        private func take(_ part: HTTPServerRequestPart) {
            switch part {
            case .head(let head):
                do throws(ListenerError) {
                    let result = try RequestHeadReader(maxTargetBytes: 16_384).read(head)
                    framing = result.framing
                    hasBegun = true
                    current = Parsed(head: "\(head)")
                    keepsAlive = result.isKeepAlive
                } catch {
                    isRejected = true
                    isOver = true
                }
            case .body(let bytes):
                current?.body += bytes.readableBytesView
            case .end:
                hasEnded = true
                if let current { requests.append(current) }
                current = nil
                if !keepsAlive { isOver = true }
            }
        }

        private var keepsAlive = true
    }

    /// Reads the stream with every reader, whole and in pieces, and compares the results.
    ///
    /// - Parameter bytes: the first byte tells how to split the rest, which is a stream of requests.
    /// - Returns: the difference that was found; nil if there is none.
    public static func error(_ bytes: [UInt8]) -> String? {
        guard let first = bytes.first else { return nil }
        let stream = ByteBuffer(bytes: bytes.dropFirst())
        do {
            if let error = try fastPathError(stream) { return error }
            let whole = try Parser()
            whole.feed(stream)
            let scanned = try scan(stream, cut: .max)
            if scanned.isTorn { return "the parser finds another end than the scanner" }
            let cut = try scan(stream, cut: Int(first % 32) + 1)
            if cut.requests != scanned.requests || cut.isRejected != scanned.isRejected {
                return "requests that depend on how their bytes are split"
            }
            guard whole.requests.starts(with: scanned.requests) else { return "another request than the parser's" }
            if !scanned.isRejected, whole.requests.count != scanned.requests.count { return "a request that is missed" }
            return nil
        } catch {
            return "the test itself: \(error)"
        }
    }

    /// One request at a time, as `ConnectionMonitorHandler` passes them on.
    private static func scan(_ stream: ByteBuffer, cut: Int) throws -> Outcome {
        var stream = stream
        var scanner = RequestScanner()
        var waiting = ByteBuffer()
        let parser = try Parser()
        var outcome = Outcome()
        while stream.readableBytes > 0, !outcome.isRejected, !parser.isOver {
            if var piece = stream.readSlice(length: min(cut, stream.readableBytes)) { waiting.writeBuffer(&piece) }
            while waiting.readableBytes > 0, !parser.isOver {
                let count: Int
                do { count = try scanner.scan(waiting.readableBytesUInt8Span) } catch {
                    outcome.isRejected = true
                    break
                }
                guard count > 0, let bytes = waiting.readSlice(length: count) else { break }
                parser.feed(bytes)
                if parser.isRejected {
                    outcome.isRejected = true
                    break
                }
                if parser.hasBegun { scanner.beginBody(parser.framing) }
                if parser.hasEnded {
                    if !scanner.isAtEnd { outcome.isTorn = true }
                    scanner = RequestScanner()
                } else if scanner.isAtEnd {
                    outcome.isTorn = true
                    break
                }
            }
        }
        outcome.isRejected = outcome.isRejected || parser.isRejected
        outcome.requests = parser.requests
        return outcome
    }

    /// If the fast path accepts a request, it is a complete request without a body to the parser too, with the same
    /// target and fields.
    private static func fastPathError(_ stream: ByteBuffer) throws -> String? {
        let reader = FastHeadReader(ListenerConfiguration(host: "", port: 0))
        guard let (quick, length) = reader.read(stream),
            let head = stream.getSlice(at: stream.readerIndex, length: length)
        else { return nil }
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
        guard (try? channel.writeInbound(head.getSlice(at: head.readerIndex, length: length - 1))) != nil,
            try channel.readInbound(as: HTTPServerRequestPart.self) == nil
        else { return "the parser finds an earlier end than the fast path" }
        guard (try? channel.writeInbound(head.getSlice(at: head.writerIndex - 1, length: 1))) != nil,
            case .head(let parsed)? = try channel.readInbound(as: HTTPServerRequestPart.self),
            case .end(nil)? = try channel.readInbound(as: HTTPServerRequestPart.self),
            try channel.readInbound(as: HTTPServerRequestPart.self) == nil
        else { return "the fast path accepts a request that the parser rejects" }
        guard let result = try? RequestHeadReader(maxTargetBytes: 16_384).read(parsed) else {
            return "the fast path accepts a request that the normal path rejects"
        }
        guard result.isKeepAlive, !result.expectsContinue, result.framing == .none,
            parsed.method.rawValue == quick.method.rawValue, parsed.uri == String(buffer: quick.target)
        else { return "the fast path reads another request" }
        let accept = result.request.headerFields[values: .accept]
        guard accept.count <= 1, accept.first == quick.accept.map({ String(buffer: $0) }) else {
            return "the fast path reads another Accept"
        }
        for name in [
            HTTPField.Name.range, .ifMatch, .ifNoneMatch, .ifRange, .ifModifiedSince, .ifUnmodifiedSince,
        ] where result.request.headerFields[values: name] != quick.fields[values: name] {
            return "the fast path reads another \(name)"
        }
        return nil
    }

    /// Streams of valid and invalid requests.
    public static let seeds: [[UInt8]] = [
        "GET /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: image/webp\r\nIf-None-Match: \"a\", W/\"b\"\r\nRange: bytes=0-9\r\n\r\n",
        "HEAD / HTTP/1.1\r\nhOST:h:80\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: h:80 \t\r\nConnection: keep-alive \r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3 \r\nExpect: 100-continue\t\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked \r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n\r\nGET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nUpgrade: x\r\nConnection: upgrade, close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\nX:\r\n\tfolded\r\n\r\n", "GET / HTTP/1.1\nHost: h\n\n",
    ].enumerated().map { [UInt8($0.offset)] + Array($0.element.utf8) }
}
