public import HTTPTypes

/// An answer of a responder. The connection adds Date, X-Request-Id, Connection and the framing of the body.
public struct Response: Sendable {
    /// Status and fields. If Content-Length is there, it is held against the body's length.
    public var head: HTTPResponse
    /// What follows the head; not asked for its bytes if the request was HEAD, or the status has no body.
    public var body: ResponseBody

    /// An answer of these parts.
    public init(status: HTTPResponse.Status, headers: HTTPFields = HTTPFields(), body: ResponseBody = .none) {
        self.head = HTTPResponse(status: status, headerFields: headers)
        self.body = body
    }

    /// Of the head.
    public var status: HTTPResponse.Status { self.head.status }

    /// Of the head.
    public var headers: HTTPFields {
        get { self.head.headerFields }
        set { self.head.headerFields = newValue }
    }
}
