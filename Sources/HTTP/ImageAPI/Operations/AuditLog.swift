import HTTPServer
import HTTPTypes
public import Logging

/// A line for each write, each rejection (401, 403, 429) and each use of `admin`. It has a logger of its own, so that
/// its lines can be kept apart. No line has a query, a credential or a signature.
public struct AuditLog: Sendable {
    private let logger: Logger

    /// - Parameter logger: Its label tells these lines from others. Its level is not used: whether there is an audit
    ///   log is a setting of its own.
    public init(logger: Logger) {
        var logger = logger
        logger.logLevel = Self.level
        self.logger = logger
    }

    private static let level = Logger.Level.notice

    private enum Kind: String {
        case write, rejection, admin
    }

    /// Called once for every request, on its event loop. If the client left while the request was being handled, the
    /// lines are written when that has ended: a write that has begun goes on to its end.
    func finished(_ request: FinishedRequest, _ notes: RequestNotes?) {
        // A hit from memory is neither.
        guard !request.isFast, let notes else { return }
        notes.whenHandled { [self] in write(request, notes.current) }
    }

    private func write(_ request: FinishedRequest, _ values: RequestNotes.Values) {
        let audit = values.audit
        // What was sent, or what a client that has left would have got.
        let isRejected = [request.status, values.problem?.code.status.code].contains { [401, 403, 429].contains($0) }
        if isRejected {
            log(.rejection, request, values, AuditNotes.Write(action: audit.action ?? "none", path: audit.path))
        }
        for file in audit.writes { log(.write, request, values, file) }
        if audit.isWrite, audit.writes.isEmpty, !isRejected {
            log(.write, request, values, AuditNotes.Write(action: audit.action ?? "none", path: audit.path))
        }
        if audit.usesAdmin, !isRejected, !audit.isWrite {
            log(.admin, request, values, AuditNotes.Write(action: audit.action ?? "none", path: audit.path))
        }
    }

    private func log(
        _ kind: Kind, _ request: FinishedRequest, _ values: RequestNotes.Values, _ file: AuditNotes.Write
    ) {
        var metadata: Logger.Metadata = [
            "audit.action": "\(file.action)", "audit.kind": "\(kind.rawValue)",
            "http.outcome": "\(request.outcome.rawValue)", "http.status": .stringConvertible(request.status),
            "request.id": "\(request.requestID)",
        ]
        func set(_ key: String, _ value: String?) { if let value { metadata[key] = .string(value) } }
        set("access.identity", values.identity ?? values.audit.rejectedIdentity)
        set("client.address", request.clientAddress)
        set("http.method", request.head?.method.rawValue)
        set("http.path", (request.head?.path).map { String(decoding: Route.split(target: $0).path, as: UTF8.self) })
        set("image.path", file.path)
        set("image.prefix", values.audit.prefix)
        set("image.version.before", file.before)
        set("image.version.after", file.after)
        set("problem.code", (file.problem ?? values.problem?.code)?.rawValue)
        logger.log(level: Self.level, "audit", metadata: metadata)
    }
}
