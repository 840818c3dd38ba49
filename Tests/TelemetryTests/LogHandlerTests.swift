import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogHandlerTests {
    /// Collects the output of a handler.
    private final class Sink: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
        func logger(_ format: LineFormat, level: Logger.Level = .trace) -> Logger {
            Logger(label: "tintype") { label in
                LineLogHandler(
                    label: label, format: format, level: level, now: { LogTime(milliseconds: 1_769_903_999_999) },
                    sink: { line in self.bytes.withLock { $0 += line } })
            }
        }
    }

    @Test func jsonIsOneObjectPerLine() throws {
        let sink = Sink()
        var logger = sink.logger(.json)
        logger[metadataKey: "request_id"] = "abc"
        logger.info(
            "Ready", metadata: ["port": "\(8080)", "bytes": .stringConvertible(12), "ok": .stringConvertible(true)])
        #expect(
            sink.text == """
                {"time":"2026-01-31T23:59:59.999Z","level":"info","logger":"tintype","message":"Ready",\
                "bytes":12,"ok":true,"port":"8080","request_id":"abc"}

                """)
    }

    @Test func textIsOneLine() {
        let sink = Sink()
        sink.logger(.text).error("Gone", metadata: ["path": "a b", "code": .stringConvertible(5), "q": "x\"y\\"])
        #expect(
            sink.text == "2026-01-31T23:59:59.999Z error tintype: Gone code=5 path=\"a b\" q=\"x\\\"y\\\\\"\n")
    }

    @Test(arguments: [LineFormat.json, .text])
    func valuesCannotContainLineEndsOrTerminalControls(_ format: LineFormat) {
        let sink = Sink()
        let evil =
            String(String.UnicodeScalarView((0...0x9f).compactMap(Unicode.Scalar.init)))
            + "\u{2028}\u{2029}\u{202e}\u{2066}\r\n"
        sink.logger(format).info("\(evil)", metadata: ["\(evil)": "\(evil)"])
        let text = sink.text
        #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(text.hasSuffix("\n"))
        #expect(!text.dropLast().unicodeScalars.contains(where: UnsafeScalars.contains))
    }

    private struct Parsed: Decodable {
        let message: String
        let value: String
    }

    @Test func jsonValuesAreReadBackUnchanged() throws {
        let sink = Sink()
        let evil = "\u{0}\u{1f}\"\\/\n\r\t\u{7f}\u{2028}é😀e\u{301}"
        sink.logger(.json).info("\(evil)", metadata: ["value": "\(evil)"])
        let parsed = try JSONDecoder().decode(Parsed.self, from: Data(sink.text.utf8))
        #expect(parsed.message.unicodeScalars.elementsEqual(evil.unicodeScalars))
        #expect(parsed.value.unicodeScalars.elementsEqual(evil.unicodeScalars))
    }

    @Test func nestedMetadataAreFlattenedAndReservedNamesMoved() {
        let sink = Sink()
        sink.logger(.json).info("m", metadata: ["a": ["b": ["c": "1"]], "list": ["x", "y"], "level": "fake"])
        #expect(sink.text.contains("\"a.b.c\":\"1\""))
        #expect(sink.text.contains("\"list.0\":\"x\",\"list.1\":\"y\""))
        #expect(sink.text.contains("\"metadata.level\":\"fake\""))
    }

    @Test func longTextsAreShortenedBetweenCharacters() {
        let sink = Sink()
        let long = "a" + String(repeating: "é", count: 5000)
        sink.logger(.text).info("\(long)")
        #expect(sink.text.utf8.count < LogLine.longestText + 100)
        #expect(sink.text.hasSuffix("é…\n"))
        #expect(!sink.text.unicodeScalars.contains("\u{fffd}"))
    }

    @Test func metadataOfTheCallOverrideThoseOfTheLogger() {
        let sink = Sink()
        var logger = sink.logger(.json)
        logger[metadataKey: "k"] = "logger"
        logger.info("m", metadata: ["k": "event"])
        #expect(sink.text.contains("\"k\":\"event\""))
        #expect(!sink.text.contains("\"k\":\"logger\""))
    }

    @Test func lowerLevelsAreNotWritten() {
        let sink = Sink()
        let logger = sink.logger(.text, level: .warning)
        logger.info("quiet")
        #expect(sink.text.isEmpty)
        logger.warning("loud")
        #expect(sink.text.contains("loud"))
    }
}

@Suite struct LogTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_735_689_599_001, "2024-12-31T23:59:59.001Z"),
    ])
    func rfc3339(_ milliseconds: Int64, _ text: String) {
        #expect(LogTime(milliseconds: milliseconds).rfc3339 == text)
    }

    /// Compared with another implementation, over 300 years.
    @Test func agreesWithFoundation() {
        for day in stride(from: Int64(-40_000), to: 70_000, by: 37) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let expected = date.formatted(Date.ISO8601FormatStyle())
            let ours = LogTime(milliseconds: day * 86_400_000).rfc3339
            #expect(ours == expected.dropLast() + ".000Z")
        }
    }
}
