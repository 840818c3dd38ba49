import Logging
import Synchronization
import Testing

@testable import Telemetry

/// Lines that are written directly into memory are the same as those of the loggers, byte for byte.
@Suite struct DirectLinesTests {
    private final class Sink: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    /// Plain and empty texts, texts to be quoted or escaped, invalid UTF-8, and texts that are cut.
    private static let texts: [[UInt8]] =
        ["", "plain", "a b", "a=b", "a\"b", "a\\b", "%25", "é", "\u{7f}", "\u{1}\n\r\t", "\u{202e}\u{2028}"]
        .map { Array($0.utf8) } + [
            [0xFF, 0x61], [0x61, 0xC3], Array(repeating: 0x61, count: 4_096), Array(repeating: 0x61, count: 4_097),
            Array(repeating: 0x22, count: 4_096), Array(String(repeating: "é", count: 3_000).utf8),
            Array(repeating: 0x01, count: 5_000),
        ]

    @Test(arguments: [LineFormat.json, .text], [0, -1, 1_769_903_999_999, 951_782_400_007, 253_402_300_799_999])
    func directLinesEqualThoseOfTheLoggers(_ format: LineFormat, _ milliseconds: Int64) {
        let time = LogTime(milliseconds: milliseconds)
        let (logged, direct) = (Sink(), Sink())
        let logger = Logger(label: "tintype") { label in
            LineLogHandler(
                label: label, format: format, level: .trace, now: { time },
                sink: { line in logged.bytes.withLock { $0 += line } })
        }
        let lines = DirectLines(
            logger: "tintype", format: format, now: { time }, sink: { line in direct.bytes.withLock { $0 += line } })
        for level in Logger.Level.allCases {
            for (index, text) in Self.texts.enumerated() {
                let number = [0, 7, -7, .max, .min][index % 5]
                logger.log(
                    level: level, "request finished",
                    metadata: [
                        "a.b": .string(String(decoding: text, as: UTF8.self)), "c": .stringConvertible(number),
                        "d": "\(1.5e-5)",
                    ])
                lines.write(level: level, message: "request finished") { writer in
                    text.withUnsafeBytes { writer.text("a.b", $0) }
                    writer.integer("c", number)
                    writer.text("d", (1.5e-5).description)
                }
            }
        }
        #expect(logged.text == direct.text)
        #expect(direct.text.split(separator: "\n").count == Logger.Level.allCases.count * Self.texts.count)
    }

    /// The first buffer for a line is small.
    @Test(arguments: [900, 1_000, 1_100, 8_000, 9_000])
    func aLongLineIsComplete(_ count: Int) {
        let sink = Sink()
        let lines = DirectLines(
            logger: "tintype", format: .json, now: { LogTime(milliseconds: 0) },
            sink: { line in sink.bytes.withLock { $0 += line } })
        lines.write(level: .info, message: "m") { writer in
            for _ in 0..<count / 4 { writer.integer("k", 1) }
        }
        #expect(
            sink.text
                == "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"logger\":\"tintype\",\"message\":\"m\""
                + String(repeating: ",\"k\":1", count: count / 4) + "}\n")
    }
}
