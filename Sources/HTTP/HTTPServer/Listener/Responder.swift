/// Answers the requests of a listener.
public protocol Responder: Sendable {
    /// The context of one request.
    associatedtype Context: RequestContext

    /// - Throws: Any error. ``response(to:requestID:)`` then makes the client's response.
    func respond(to request: Request, context: Context) async throws -> Response

    /// The response to a request that failed without one. The error is a ``ListenerError`` if the listener rejected the
    /// request. Otherwise ``respond(to:context:)`` threw it, or a body before its first byte was sent.
    func response(to error: any Error, requestID: String) -> Response
}

/// The context of one request.
public protocol RequestContext: Sendable {
    /// - Parameter source: What the listener knows about the request.
    init(source: ServerRequestSource)
}

/// An error that the responder has noted for the request's own log line. The listener does not log it again.
public protocol NotedError: Error {}
