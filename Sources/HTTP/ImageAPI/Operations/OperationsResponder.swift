public import HTTPServer
import HTTPTypes
import ImageRequests
import NIOCore

/// Answers on the operations listener: /livez, /readyz and /metrics, for Kubernetes and Prometheus. The responses are
/// text, like those of Kubernetes' own servers.
public struct OperationsResponder: Responder {
    private let readiness: Readiness
    private let metrics: @Sendable () -> String

    /// - Parameter metrics: Returns the current values in Prometheus' text format 0.0.4.
    public init(readiness: Readiness, metrics: @escaping @Sendable () -> String) {
        self.readiness = readiness
        self.metrics = metrics
    }

    /// Answers GET and HEAD of `/livez`, `/readyz` and `/metrics`; anything else is 404 or 405.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        let (path, query) = Route.split(target: request.head.path ?? "/")
        guard request.method == .get || request.method == .head else {
            var response = Self.text(.methodNotAllowed, "only GET and HEAD\n")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        switch String(decoding: path, as: UTF8.self) {
        case "/livez": return Self.text(.ok, "ok\n")
        case "/readyz": return await readyz(query)
        case "/metrics":
            var response = Self.text(.ok, metrics())
            response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            return response
        default: return Self.text(.notFound, "not found\n")
        }
    }

    /// Turns the error into a problem.
    public func response(to error: any Error, requestID: String) -> Response {
        Problem(thrown: error).response(requestID: requestID)
    }

    private func readyz(_ rawQuery: ArraySlice<UInt8>) async -> Response {
        var excluded: Set<Readiness.Check> = []
        let query: Query
        do {
            query = try Query(rawQuery)
        } catch {
            return Self.text(.badRequest, error.description + "\n")
        }
        for item in query.items where item.name == "exclude" {
            guard let check = item.text.flatMap({ Readiness.Check(rawValue: $0) }) else {
                let known = Readiness.Check.allCases.map(\.rawValue).joined(separator: ", ")
                return Self.text(.badRequest, "unknown check to exclude; the checks are: \(known)\n")
            }
            excluded.insert(check)
        }
        let report = await readiness.report(excluding: excluded)
        var lines: [String] = []
        for check in Readiness.Check.allCases {
            if excluded.contains(check) {
                lines.append("[+]\(check.rawValue) excluded: ok")
            } else if let failed = report.failures.first(where: { $0.check == check }) {
                lines.append("[-]\(check.rawValue) failed: \(failed.reason)")
            } else {
                lines.append("[+]\(check.rawValue) ok")
            }
        }
        lines += report.warnings.map { "[!]warning: \($0)" }
        lines.append("readyz check \(report.isReady ? "passed" : "failed")")
        return Self.text(report.isReady ? .ok : .serviceUnavailable, lines.joined(separator: "\n") + "\n")
    }

    private static func text(_ status: HTTPResponse.Status, _ body: String) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/plain; charset=utf-8", .cacheControl: "no-store", .contentTypeOptions: "nosniff",
            ],
            body: ResponseBody(ByteBuffer(string: body)))
    }
}
