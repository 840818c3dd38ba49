/// How a ``FaultProxy`` changes one exchange.
public enum Fault: Sendable, Hashable {
    /// No fault: the response passes through.
    case none
    /// The store gets the request and acts. The proxy reads the response, and cuts the client's connection without a
    /// byte.
    case dropAnswer
    /// The proxy cuts the client's connection without a byte, and the store gets nothing.
    case refuse
    /// The response begins, and the connection is cut after this many bytes of the body.
    case cutBody(after: Int)
    /// The response begins, and nothing comes after this many bytes of the body. The connection stays open.
    case stallBody(after: Int)
    /// The request goes to the store after a pause.
    case delay(Duration)
    /// The store gets nothing. The proxy sends this response instead.
    case answer(status: Int, headers: [String: String] = [:], body: String = "")
    /// The store gets nothing. The proxy sends this response before it reads the request's body. Then it closes the
    /// connection without reading the rest of the body, or leaves the connection open and never reads it again.
    case answerEarly(status: Int, headers: [String: String] = [:], body: String = "", closes: Bool = true)
    /// The store gets the request and acts. The proxy sends this response instead.
    case replaceAnswer(status: Int, headers: [String: String] = [:], body: String = "")
}

/// A request that passes through a ``FaultProxy``.
public struct Exchange: Sendable, Hashable {
    /// Counted over the life of the proxy, from 1.
    public var number: Int
    /// The request's method, in upper case.
    public var method: String
    /// Path and query as received.
    public var uri: String
    /// The Range header, if there is one.
    public var range: String?
    /// Whether the request has If-Match or If-None-Match.
    public var hasCondition: Bool
}
