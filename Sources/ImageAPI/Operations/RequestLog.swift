import HTTPTypes
public import Logging
import NIOCore

/// Writes one line and counts one request for every answer of a listener. Never a query: it may hold tokens.
public struct RequestLog: Sendable {
    private let logger: Logger
    private let tallies = RequestTallies()

    public init(logger: Logger) {
        self.logger = logger
    }

    /// Called once for every request, on its event loop.
    func finished(_ request: FinishedRequest, _ notes: RequestNotes.Values?) {
        let route = notes?.route ?? "none"
        tallies.count(request, route: route, cache: notes?.cache)
        let level = level(request, notes?.problem)
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request.id": "\(request.requestID)",
            "http.method": "\(request.head?.method.rawValue ?? "-")",
            "http.path": "\(path(request.head))",
            "http.status": .stringConvertible(request.status),
            "http.outcome": "\(request.outcome.rawValue)",
            "http.route": "\(route)",
            "http.bytes.sent": .stringConvertible(request.bytesSent),
            "http.bytes.received": .stringConvertible(request.bodyBytesReceived),
            "http.seconds": .stringConvertible(Double(request.duration.nanoseconds) / 1e9),
        ]
        if let address = request.remoteAddress?.ipAddress { metadata["client.address"] = "\(address)" }
        if let cache = notes?.cache { metadata["cache"] = "\(cache)" }
        if let problem = notes?.problem {
            metadata["problem.code"] = "\(problem.code.rawValue)"
            metadata["problem.detail"] = "\(problem.detail)"
            if let cause = problem.cause { metadata["problem.cause"] = "\(String(reflecting: cause))" }
        }
        logger.log(level: level, "request finished", metadata: metadata)
    }

    /// A bug is an error, a failing store a warning, and what a client did wrong is news like everything else.
    private func level(_ request: FinishedRequest, _ problem: Problem?) -> Logger.Level {
        if request.outcome == .broken { return .warning }
        return switch problem?.code.status.code ?? request.status {
        case 500: .error
        case 501...: .warning
        default: .info
        }
    }

    private func path(_ head: HTTPRequest?) -> String {
        guard let head else { return "-" }
        return String(decoding: Route.split(target: head.path ?? "/").path, as: UTF8.self)
    }
}
