import Logging

/// What all connections of one listener share. It is not generic over the context: generic code looks up types at run
/// time, which showed in profiles of fast responses.
final class ListenerCore: Sendable {
    let configuration: ListenerConfiguration
    let logger: Logger
    /// Creates the handling of one request.
    let handling: @Sendable (ServerRequestSource) -> RequestHandling
    /// The response to an error, for the request with this id.
    let answerError: @Sendable (any Error, String) -> Response
    /// Called for requests that never had a context.
    let onFinishedWithoutContext: @Sendable (FinishedRequest) -> Void
    /// Whether others wait for the memory that uploads hold.
    let uploadsWait: @Sendable () -> Bool
    /// The same for what the fast path sends.
    let readersWait: @Sendable () -> Bool
    let fastPaths: FastPaths?
    let sentAhead = SentAheadOfLoops()
    let date: HTTPDateCache
    let requestIDs = RequestIDs()
    let drain = DrainState()
    /// Counts open connections and running requests, including those whose client has left.
    let activity = ActivityCount()

    init(
        configuration: ListenerConfiguration,
        logger: Logger,
        date: HTTPDateCache = HTTPDateCache(),
        makeFastPath: (@Sendable () -> any FastPath)? = nil,
        uploadsWait: @escaping @Sendable () -> Bool = { false },
        readersWait: @escaping @Sendable () -> Bool = { false },
        onFinishedWithoutContext: @escaping @Sendable (FinishedRequest) -> Void,
        answerError: @escaping @Sendable (any Error, String) -> Response,
        handling: @escaping @Sendable (ServerRequestSource) -> RequestHandling
    ) {
        self.configuration = configuration
        self.logger = logger
        self.date = date
        self.uploadsWait = uploadsWait
        self.readersWait = readersWait
        self.fastPaths = makeFastPath.map { FastPaths(make: $0) }
        self.onFinishedWithoutContext = onFinishedWithoutContext
        self.answerError = answerError
        self.handling = handling
    }
}

/// The functions that answer one request and that are called at its end. Both know its context.
struct RequestHandling: Sendable {
    let respond: @Sendable (Request) async throws -> Response
    let onFinished: @Sendable (FinishedRequest) -> Void
    /// Whether others wait for memory that the response holds.
    let othersWait: @Sendable () -> Bool
}
