/// What a ``FaultProxy`` does to one exchange.
public enum Fault: Sendable, Hashable {
    /// Nothing: the answer goes through.
    case none
    /// The store gets the request and acts; its answer is read, and the client's connection cut without a byte.
    case dropAnswer
    /// The client's connection is cut without a byte, and the store gets nothing.
    case refuse
    /// The answer begins, and the connection is cut after so many bytes of its body.
    case cutBody(after: Int)
    /// The answer begins, and nothing more comes after so many bytes of its body, with the connection open.
    case stallBody(after: Int)
    /// The request goes to the store after a pause.
    case delay(Duration)
    /// The store gets nothing; this is answered instead.
    case answer(status: Int, headers: [String: String] = [:], body: String = "")
    /// The store gets nothing; this is answered before the request's body is read, and then the connection is closed
    /// with what is left of the body unread, or left as it is and never read again.
    case answerEarly(status: Int, headers: [String: String] = [:], body: String = "", closes: Bool = true)
    /// The store gets the request and acts; this is answered instead.
    case replaceAnswer(status: Int, headers: [String: String] = [:], body: String = "")
}

/// A request as it comes through a ``FaultProxy``.
public struct Exchange: Sendable, Hashable {
    /// Counted over the proxy's life, from 1.
    public var number: Int
    /// The request's method, upper case.
    public var method: String
    /// Path and query as they came.
    public var uri: String
    /// The Range header, where there is one.
    public var range: String?
    /// Whether it has If-Match or If-None-Match.
    public var hasCondition: Bool
}
