public import Logging

/// swift-log's backend: one event, one line, one write.
///
/// In a process, make it with ``bootstrap(format:level:)``; in a test, with the test's own sink and clock.
public struct LineLogHandler: LogHandler {
    /// The lowest level that the logger writes.
    public var logLevel: Logger.Level
    /// The logger's own, written with every event.
    public var metadata: Logger.Metadata = [:]
    /// Asked for the task's metadata at every event, on the logging thread.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LineFormat
    private let now: @Sendable () -> LogTime
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - label: of the logger.
    ///   - sink: takes one whole line, including its line feed, from any thread.
    public init(
        label: String, format: LineFormat, level: Logger.Level,
        now: @escaping @Sendable () -> LogTime = LogTime.now, sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.format = format
        self.now = now
        self.sink = sink
        logLevel = level
    }

    /// Sets these handlers for every logger of the process, on standard error. Call it once per process, before the
    /// first logger is made.
    ///
    /// - Returns: the faster way into the same log, with the label `tintype`.
    @discardableResult
    public static func bootstrap(format: LineFormat, level: Logger.Level) -> DirectLines {
        let lines = StandardError.open(format)
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, format: format, level: level, sink: { lines.append($0) })
        }
        return DirectLines(
            logger: "tintype", format: format, dropped: { lines.droppedLines }, sink: { lines.append($0) })
    }

    /// One entry of ``metadata``; nil removes it.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event as one line. The event's metadata replace the provider's of the same key, and those the
    /// logger's.
    public func log(event: LogEvent) {
        var merged = metadata
        // More specific values win: the event's over the task's over the logger's.
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        if let error = event.error { merged["error"] = .string(String(reflecting: error)) }
        let line = LogLine(
            time: now(), level: event.level, logger: label, message: event.message.description, metadata: merged)
        sink(format.bytes(of: line))
    }
}
