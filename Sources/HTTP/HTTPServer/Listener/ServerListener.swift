public import Logging
import NIOCore
public import NIOPosix
public import ServiceLifecycle

/// An HTTP/1.1 listener that asks a ``Responder``.
///
/// The handlers in a connection's pipeline, from the socket on (after `ProxyHeaderHandler`, if proxies send headers):
/// 1. `ConnectionMonitorHandler` counts bytes, notices that the client leaves, drops what comes after the last
/// response, and lets a ``FastPath`` answer what it can answer at once.
/// 2. NIO's parser.
/// 3. `HTTPConnectionHandler` takes one request after the other, runs its task, keeps all timeouts and closes the
/// connection. Only it knows what is in flight.
public struct ServerListener<Answering: Responder>: Service {
    private let core: ListenerCore
    private let hooks: ListenerHooks<Answering.Context>
    private let eventLoopGroup: MultiThreadedEventLoopGroup

    /// - Parameters:
    ///   - configuration: Address, limits and timeouts.
    ///   - responder: Answers every request, in a task of the request's own. That task is cancelled when the client
    ///     leaves.
    ///   - logger: For errors that are not the client's.
    ///   - eventLoopGroup: Runs the sockets.
    ///   - hooks: What the listener tells and asks its owner.
    ///   - makeFastPath: Creates the fast path of one event loop; called on that loop. Nil: there is no fast path.
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

    /// Listens until the graceful shutdown of the surrounding service group is done: first the drain window, then no
    /// more connections, then the end of what is in flight, within `ListenerConfiguration.shutdownLimit`. If the task
    /// is cancelled instead, everything is cut at once. Call it once.
    /// - Throws: The error of binding the address, or `ListenerClosed` if the system closed the socket.
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
            // One at a time, so that the connection limit is exact.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Without it, a connection that cannot be accepted because descriptors ran out would be retried at
                    // once, forever.
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
