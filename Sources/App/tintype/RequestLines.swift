public import ImageAPI
import Logging
public import Telemetry

/// Writes request lines without swift-log: a hit takes some microseconds, and the line must not take as many.
struct RequestLines: RequestLineSink {
    private let lines: DirectLines

    init(_ lines: DirectLines) {
        self.lines = lines
    }

    func write(_ line: RequestLine, at level: Logger.Level) {
        self.lines.write(level: level, message: RequestLine.message) { line.write(into: &$0) }
    }
}

extension LineWriter: RequestFields {}
