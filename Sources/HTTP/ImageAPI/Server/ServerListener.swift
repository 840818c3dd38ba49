public import Hummingbird
public import Logging
import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// An HTTP/1.1 listener that asks a Hummingbird responder.
///
/// It is a server of its own on SwiftNIO, since Hummingbird's sends no 100 Continue, reads a refused body to its end,
/// lets a client stall, does not notice that one left, and closes before the last bytes are flushed. In the pipeline of
/// a connection stand, from the socket on:
/// 1. `ConnectionMonitorHandler`: counts bytes, sees the client leave, drops what comes after the last answer, and lets
/// a `FastPath`
///    have what can be answered at once;
/// 2. NIO's parser;
/// 3. `HTTPConnectionHandler`: one request at a time in order, its task, every clock, and the close. It alone knows
/// what
///    is in flight, and keeps the accounts of idleness and shutdown.
public struct ServerListener<Responder: HTTPResponder>: Service
where
    Responder.Context: InitializableFromSource<ServerRequestSource>,
    Responder.Context: Sendable
{
    private let core: ListenerCore
    private let hooks: ListenerHooks<Responder.Context>
    private let eventLoopGroup: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - configuration: Address, limits and times.
    ///   - responder: Asked for the answer to every request, in a task of the request's own. That task is cancelled
    ///     when
    ///     the client leaves.
    ///   - logger: Given to every request's context.
    ///   - eventLoopGroup: Where the sockets live.
    ///   - hooks: What to tell, and whom.
    public init(
        configuration: ListenerConfiguration,
        responder: Responder,
        logger: Logger,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton,
        hooks: ListenerHooks<Responder.Context> = ListenerHooks()
    ) {
        self.init(
            configuration: configuration, responder: responder, logger: logger, eventLoopGroup: eventLoopGroup,
            hooks: hooks, makeFastPath: nil)
    }

    /// - Parameter makeFastPath: Makes the fast path of one event loop; called on that loop. Nil: there is no fast
    ///   path.
    init(
        configuration: ListenerConfiguration,
        responder: Responder,
        logger: Logger,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton,
        hooks: ListenerHooks<Responder.Context>,
        makeFastPath: (@Sendable () -> any FastPath)?
    ) {
        self.hooks = hooks
        self.core = ListenerCore(
            configuration: configuration,
            logger: logger,
            makeFastPath: makeFastPath,
            uploadsWait: hooks.uploadsWait,
            readersWait: hooks.readersWait,
            onFinishedWithoutContext: { hooks.onFinished($0, nil) },
            handling: { source in
                let context = Responder.Context(source: source)
                return RequestHandling(
                    respond: { try await responder.respond(to: $0, context: context) },
                    onFinished: { hooks.onFinished($0, context) },
                    othersWait: { hooks.othersWait(context) }
                )
            }
        )
        self.eventLoopGroup = eventLoopGroup
    }

    /// Listens until the graceful shutdown of the surrounding service group is done: the drain window, then no further
    /// connections, then the end of what is in flight, `ListenerConfiguration.shutdownLimit` at most. Cancelling the
    /// task instead cuts everything at once. Runs once.
    /// - Throws: The error of binding the address, or `ListenerClosed` where the socket was closed by the system.
    public func run() async throws {
        let registry = ConnectionRegistry()
        let socket = try await self.bind(registry: registry)
        if let address = socket.localAddress { self.hooks.onBound(address) }
        let shutdown = ListenerShutdown(
            configuration: self.core.configuration,
            drain: self.core.drain,
            activity: self.core.activity,
            registry: registry,
            onDraining: self.hooks.onDraining
        )
        try await shutdown.run(until: socket)
    }

    private func bind(registry: ConnectionRegistry) async throws -> any Channel {
        let core = self.core
        return try await ServerBootstrap(group: self.eventLoopGroup)
            .serverChannelOption(.backlog, value: core.configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time: the accept gate counts exactly.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Without it, a connection that cannot be accepted for want of a descriptor would be tried again
                    // at once, and for ever.
                    try channel.pipeline.syncOperations.addHandlers(
                        AcceptBackoffHandler(
                            shouldForwardIOErrorCaught: false, backoffProvider: AcceptErrorHandler(core.logger).pause),
                        ConnectionLimitHandler(limit: core.configuration.maxConnections)
                    )
                }
            }
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // The connection handler reads when it wants bytes, one buffer at a time, and notices a half-close itself.
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 128 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    core.activity.enter()
                    channel.closeFuture.whenComplete { _ in core.activity.leave() }
                    registry.add(channel)
                    try HTTPConnectionHandler.configure(channel.pipeline.syncOperations, core: core)
                }
            }
            .bind(host: core.configuration.host, port: core.configuration.port)
            .get()
    }
}
