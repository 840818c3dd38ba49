/// Answers the requests of a listener.
public protocol Responder: Sendable {
    /// What goes along with one request.
    associatedtype Context: RequestContext

    /// - Throws: anything; ``response(to:requestID:)`` is asked what the client is told.
    func respond(to request: Request, context: Context) async throws -> Response

    /// The answer to a request that failed without one: with what ``respond(to:context:)`` or a body has thrown before
    /// its first byte was sent, or with a ``ListenerError`` if the listener refuses what came.
    func response(to error: any Error, requestID: String) -> Response
}

/// What goes along with one request.
public protocol RequestContext: Sendable {
    /// - Parameter source: what the listener knows of the request.
    init(source: ServerRequestSource)
}

/// An error that the responder has noted for the request's own log line: the listener does not log it again.
public protocol NotedError: Error {}
