import HTTPServer
import HTTPTypes
public import Logging

/// Writes one line and counts one request for every response of a listener. It never writes a query, which may hold
/// tokens.
public struct RequestLog: Sendable {
    private let logger: Logger
    private let lines: (any RequestLineSink)?
    private let tallies = RequestTallies()

    /// - Parameter lines: Where the lines go; nil: to the logger.
    public init(logger: Logger, lines: (any RequestLineSink)? = nil) {
        self.logger = logger
        self.lines = lines
    }

    /// Called once for every request, on its event loop.
    func finished(_ request: FinishedRequest, _ notes: RequestNotes.Values?) {
        let route = notes?.route ?? "none"
        tallies.count(request, route: route, cache: notes?.cache)
        let level = level(request, notes?.problem)
        guard logger.logLevel <= level else { return }
        let line = RequestLine(request: request, route: route, notes: notes)
        if let lines { return lines.write(line, at: level) }
        var metadata = RequestMetadata()
        line.write(into: &metadata)
        logger.log(level: level, "\(RequestLine.message)", metadata: metadata.values)
    }

    /// A bug is an error, and a failing store a warning. Everything else is information, including a client's mistakes.
    private func level(_ request: FinishedRequest, _ problem: Problem?) -> Logger.Level {
        if request.outcome == .broken { return .warning }
        return switch problem?.code.status.code ?? request.status {
        case 500: .error
        case 501...: .warning
        default: .info
        }
    }
}
