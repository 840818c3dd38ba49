public import Logging
import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// An HTTP/1.1 listener that asks a ``Responder``.
///
/// From the socket on, the pipeline of a connection has these handlers:
/// 1. `ConnectionMonitorHandler` counts bytes, notices that the client leaves, drops what comes after the last answer,
///    and lets a ``FastPath`` answer what it can answer at once.
/// 2. NIO's parser.
/// 3. `HTTPConnectionHandler` takes one request after the other, runs its task, keeps every clock and closes the
///    connection. Only it knows what is in flight.
public struct ServerListener<Answering: Responder>: Service {
    private let core: ListenerCore
    private let hooks: ListenerHooks<Answering.Context>
    private let eventLoopGroup: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - configuration: Address, limits and times.
    ///   - responder: Asked for the answer to every request, in a task of the request's own. That task is cancelled
    ///     when the client leaves.
    ///   - logger: For what is no client's fault.
    ///   - eventLoopGroup: Where the sockets live.
    ///   - hooks: What to tell, and whom.
    ///   - makeFastPath: Makes the fast path of one event loop; called on that loop. Nil: there is no fast path.
    public init(
        configuration: ListenerConfiguration,
        responder: Answering,
        logger: Logger,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton,
        hooks: ListenerHooks<Answering.Context> = ListenerHooks(),
        makeFastPath: (@Sendable () -> any FastPath)? = nil
    ) {
        self.hooks = hooks
        self.core = ListenerCore(
            configuration: configuration,
            logger: logger,
            makeFastPath: makeFastPath,
            uploadsWait: hooks.uploadsWait,
            readersWait: hooks.readersWait,
            onFinishedWithoutContext: { hooks.onFinished($0, nil) },
            answerError: { responder.response(to: $0, requestID: $1) },
            handling: { source in
                let context = Answering.Context(source: source)
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
