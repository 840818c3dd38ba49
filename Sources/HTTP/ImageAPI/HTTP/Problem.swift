import HTTPServer
import HTTPTypes

/// An error as a client sees it: problem+json (RFC 9457) with a stable code. It never contains a path of the machine, a
/// key of the store or a query.
struct Problem: NotedError, Sendable {
    var code: ProblemCode
    /// A sentence about this occurrence.
    var detail: String
    /// Header fields of this response, such as Retry-After.
    var headers = HTTPFields()
    /// For the log only.
    var cause: (any Error)?

    init(_ code: ProblemCode, _ detail: String, retryAfter seconds: Int? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.detail = detail
        self.cause = cause
        if let seconds { headers[.retryAfter] = String(seconds) }
    }

    /// Whether there is nobody to answer: the work was cancelled together with the request, or the request's body broke
    /// off.
    var isOfClientThatLeft: Bool {
        code == .clientLeft && (Task.isCancelled || cause is RequestBodyError)
    }

    /// The error for the listener, which sends nothing to a client that has left.
    var forListener: any Error { isOfClientThatLeft ? RequestBodyError.clientLeft : self }

    /// The same problem for a client that has not left. If its work was cancelled for another reason, or by mistake,
    /// that is not the client's error. 499 is for the log only.
    var forClient: Problem {
        guard code == .clientLeft else { return self }
        return Problem(
            .overloaded, "The work was given up before it was done: try again.", retryAfter: 1, cause: cause ?? self)
    }

    /// The response for this problem.
    func response(requestID: String) -> Response {
        guard code != .clientLeft else { return forClient.response(requestID: requestID) }
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        headers[.contentTypeOptions] = "nosniff"
        return Response(
            status: code.status, headers: headers,
            body: ResponseBody(JSON.encode(document(requestID: requestID))))
    }

    func document(requestID: String) -> ProblemDocument {
        guard code != .clientLeft else { return forClient.document(requestID: requestID) }
        return ProblemDocument(
            type: "about:blank", title: code.title, status: code.status.code, code: code.rawValue, detail: detail,
            requestId: requestID)
    }
}

/// The members of a problem, in JSON.
struct ProblemDocument: Encodable, Sendable {
    var type: String
    var title: String
    var status: Int
    var code: String
    var detail: String
    var requestId: String
}

extension HTTPField.Name {
    static let cacheStatus = HTTPField.Name("Cache-Status") ?? .cacheControl
    static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options") ?? .contentType
    static let forwarded = HTTPField.Name("Forwarded") ?? .via
    static let xForwardedFor = HTTPField.Name("X-Forwarded-For") ?? .via
}
