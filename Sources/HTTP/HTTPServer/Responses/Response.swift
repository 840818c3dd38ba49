public import HTTPTypes

/// The response of a responder. The connection adds Date, X-Request-Id, Connection and the framing of the body.
public struct Response: Sendable {
    /// Status and fields. Content-Length, if present, is compared with the body's length.
    public var head: HTTPResponse
    /// The body. Its bytes are not requested if the request was HEAD or the status has no body.
    public var body: ResponseBody

    /// Creates a response from these parts.
    public init(status: HTTPResponse.Status, headers: HTTPFields = HTTPFields(), body: ResponseBody = .none) {
        self.head = HTTPResponse(status: status, headerFields: headers)
        self.body = body
    }

    /// The status of the head.
    public var status: HTTPResponse.Status { self.head.status }

    /// The fields of the head.
    public var headers: HTTPFields {
        get { self.head.headerFields }
        set { self.head.headerFields = newValue }
    }
}
