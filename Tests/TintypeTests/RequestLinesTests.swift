import HTTPTypes
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HTTPServer
@testable import ImageAPI
@testable import Telemetry
@testable import tintype

/// The log lines of requests bypass swift-log, but must look the same.
@Suite struct RequestLinesTests {
    private final class Sink: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    private struct Cause: Error {}

    private static let id = RequestIDs().next()

    private static func request(
        _ source: FinishedRequest.Source, _ status: Int = 200, _ outcome: FinishedRequest.Outcome = .complete,
        address: String? = "192.0.2.7", nanoseconds: Int64 = 12_345
    ) -> FinishedRequest {
        FinishedRequest(
            source: source, remoteAddress: nil, clientAddress: address, status: status, outcome: outcome,
            bytesSent: 20_890, bodyBytesReceived: 3, duration: .nanoseconds(nanoseconds))
    }

    private static func long(_ path: String?, method: HTTPRequest.Method = .get) -> FinishedRequest.Source {
        .exchange(
            HTTPRequest(method: method, scheme: "http", authority: nil, path: path), requestID: Self.id.text)
    }

    private static func fast(_ target: String, isHead: Bool = false) -> FinishedRequest.Source {
        .fastPath(FastRequest(isHead: isHead, target: ByteBuffer(string: target)), Self.id)
    }

    private static var requests: [(FinishedRequest, RequestNotes.Values?)] {
        var failed = RequestNotes.Values(route: "image", cache: "miss")
        failed.problem = Problem(.internalError, "It \"broke\".", cause: Cause())
        return [
            (Self.request(Self.fast("/api/v1/images/a.jpg?w=1&token=x")), .imageHit),
            (Self.request(Self.fast("/a=b", isHead: true), 304, nanoseconds: 0), .imageHit),
            (Self.request(Self.fast("/a"), 206, .clientLeft, address: nil, nanoseconds: 999_999_999_999), .imageHit),
            (Self.request(Self.fast("/"), 200, .stalled, address: "2001:db8::1", nanoseconds: 100_000_000), .imageHit),
            (Self.request(Self.long("/api/v1/images/\u{e9}\"\u{1} ?x", method: .put), 201), failed),
            (Self.request(Self.long(nil), 0, .broken), RequestNotes.Values()),
            (Self.request(.exchange(nil, requestID: "r"), 400), nil), (Self.request(Self.long("/x"), 503), nil),
        ]
    }

    @Test(arguments: [LineFormat.json, .text])
    func requestLinesEqualThoseOfTheLogger(_ format: LineFormat) {
        let time = LogTime(milliseconds: 1_769_903_999_999)
        let (logged, direct) = (Sink(), Sink())
        let logger = Logger(label: "tintype") { label in
            LineLogHandler(
                label: label, format: format, level: .info, now: { time },
                sink: { line in logged.bytes.withLock { $0 += line } })
        }
        let lines = DirectLines(
            logger: "tintype", format: format, now: { time }, sink: { line in direct.bytes.withLock { $0 += line } })
        let logs = (RequestLog(logger: logger), RequestLog(logger: logger, lines: RequestLines(lines)))
        for (request, notes) in Self.requests {
            logs.0.finished(request, notes)
            logs.1.finished(request, notes)
        }
        #expect(logged.text == direct.text)
        #expect(direct.text.split(separator: "\n").count == Self.requests.count)
    }

    /// One request on the fast path, and one on the normal path.
    @Test(arguments: [LineFormat.json, .text])
    func bothPathsWriteTheSameLines(_ format: LineFormat) {
        let sink = Sink()
        let lines = DirectLines(
            logger: "tintype", format: format, now: { LogTime(milliseconds: 0) },
            sink: { line in sink.bytes.withLock { $0 += line } })
        let logger = Logger(label: "test") { LineLogHandler(label: $0, format: format, level: .info, sink: { _ in }) }
        let log = RequestLog(logger: logger, lines: RequestLines(lines))
        let target = "/api/v1/images/a%20b=c.jpg?w=1"
        log.finished(Self.request(Self.fast(target)), .imageHit)
        log.finished(Self.request(Self.long(target)), .imageHit)
        let written = sink.text.split(separator: "\n")
        #expect(written.count == 2 && written.first == written.last)
        #expect(sink.text.contains("/api/v1/images/a%20b=c.jpg") && !sink.text.contains("w=1"))
    }
}
