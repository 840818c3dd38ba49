import Hummingbird
import Logging
import NIOCore

/// What all connections of one listener share.
final class ListenerCore<Context: Sendable>: Sendable {
    let configuration: ListenerConfiguration
    let logger: Logger
    let hooks: ListenerHooks<Context>
    let respond: @Sendable (Request, Context) async throws -> Response
    let makeContext: @Sendable (ServerRequestSource) -> Context
    let lanes: FastLanes?
    let date: HTTPDateCache
    let requestIDs = RequestIDs()
    let drain = DrainState()
    /// Counts open connections and running requests, those too whose client has left.
    let activity = ActivityCount()

    init(
        configuration: ListenerConfiguration,
        logger: Logger,
        hooks: ListenerHooks<Context>,
        date: HTTPDateCache = HTTPDateCache(),
        makeLane: (@Sendable () -> any FastLane)? = nil,
        makeContext: @escaping @Sendable (ServerRequestSource) -> Context,
        respond: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.configuration = configuration
        self.logger = logger
        self.hooks = hooks
        self.date = date
        self.lanes = makeLane.map { FastLanes(make: $0) }
        self.makeContext = makeContext
        self.respond = respond
    }
}
