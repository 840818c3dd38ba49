import HTTPServer
import HTTPTypes

/// An error as a client sees it: problem+json (RFC 9457) with a stable code. Never holds a path of the machine, a key
/// of the store or a query.
struct Problem: NotedError, Sendable {
    var code: ProblemCode
    /// A sentence about this occurrence.
    var detail: String
    /// Header fields that belong to this answer, such as Retry-After.
    var headers = HTTPFields()
    /// For the log only.
    var cause: (any Error)?

    init(_ code: ProblemCode, _ detail: String, retryAfter seconds: Int? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.detail = detail
        self.cause = cause
        if let seconds { headers[.retryAfter] = String(seconds) }
    }

    /// Whether there is nobody to answer: the work was given up, and so was the request, or its body has broken off.
    var isOfClientThatLeft: Bool {
        code == .clientLeft && (Task.isCancelled || cause is RequestBodyError)
    }

    /// As the listener is told of it: it answers nobody who has left.
    var forListener: any Error { isOfClientThatLeft ? RequestBodyError.clientLeft : self }

    /// The same for a client that is there. Work that was given up on another's account, or by mistake, is no fault of
    /// its own, and 499 is a word for the log that no client is to see.
    var forClient: Problem {
        guard code == .clientLeft else { return self }
        return Problem(
            .overloaded, "The work was given up before it was done: try again.", retryAfter: 1, cause: cause ?? self)
    }

    /// The answer that carries this problem.
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
