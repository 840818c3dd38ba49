public import Logging

/// Writes to the same log as the process's loggers, for lines that are written very often. It bypasses swift-log, whose
/// events carry a dictionary. A line is built on the caller's stack and copied once.
public struct DirectLines: Sendable {
    private let logger: String
    private let format: LineFormat
    private let now: @Sendable () -> LogTime
    private let sink: @Sendable (UnsafeRawBufferPointer) -> Void
    private let dropped: @Sendable () -> Int

    /// More would not fit on the stack. Most lines have some 350 bytes.
    private static let usualBytes = 1_024

    /// - Parameters:
    ///   - logger: the label of the lines.
    ///   - dropped: how many lines the sink has dropped.
    ///   - sink: takes a copy of a whole line, including its line feed, from any thread.
    init(
        logger: String, format: LineFormat, now: @escaping @Sendable () -> LogTime = LogTime.now,
        dropped: @escaping @Sendable () -> Int = { 0 }, sink: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        self.logger = logger
        self.format = format
        self.now = now
        self.dropped = dropped
        self.sink = sink
    }

    /// How many lines of all loggers were dropped since the start, because their reader was too slow.
    public var droppedLines: Int { self.dropped() }

    /// Writes one line.
    ///
    /// - Parameters:
    ///   - message: printable ASCII without quotes and backslashes.
    ///   - fields: gives the writer the fields; may be called more than once.
    public func write(level: Logger.Level, message: StaticString, _ fields: (inout LineWriter) -> Void) {
        let time = self.now()
        var bytes = Self.usualBytes
        // Values are cut at some length, so this loop ends.
        while !self.write(time, level, message, within: bytes, fields) { bytes *= 8 }
    }

    /// False if the line does not fit.
    private func write(
        _ time: LogTime, _ level: Logger.Level, _ message: StaticString, within bytes: Int,
        _ fields: (inout LineWriter) -> Void
    ) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 1) { memory in
            var writer = LineWriter(self.format, into: memory)
            writer.begin(time, level: level.name, logger: self.logger, message: message)
            fields(&writer)
            writer.end()
            guard !writer.isOverfull else { return false }
            self.sink(UnsafeRawBufferPointer(rebasing: memory[..<writer.count]))
            return true
        }
    }
}

extension Logger.Level {
    /// The raw value, without a String.
    fileprivate var name: StaticString {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }
}
