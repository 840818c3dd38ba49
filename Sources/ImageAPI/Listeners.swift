public import ImageService
public import Logging
public import NIOCore

/// The two listeners, put together from their parts.
public enum Listeners {
    /// The public one: images, metadata, listings.
    ///
    /// - Parameter onBound: called with the address once connections are taken.
    public static func images(
        _ configuration: ListenerConfiguration, service: ImageService, images: ImagesConfiguration,
        readiness: Readiness, logger: Logger, onBound: @escaping @Sendable (SocketAddress) -> Void
    ) -> ServerListener<ImageResponder> {
        let log = RequestLog(logger: logger)
        return ServerListener(
            configuration: configuration, responder: ImageResponder(service: service, configuration: images),
            logger: logger,
            hooks: ListenerHooks(
                onBound: onBound, onDraining: { readiness.drain() },
                onFinished: { log.finished($0, $1?.notes.current) }))
    }

    /// The one for operators: /livez, /readyz, /metrics. Not logged, but for what goes wrong.
    public static func operations(
        _ configuration: ListenerConfiguration, readiness: Readiness, metrics: @escaping @Sendable () -> String,
        logger: Logger, onBound: @escaping @Sendable (SocketAddress) -> Void
    ) -> ServerListener<OperationsResponder> {
        ServerListener(
            configuration: configuration, responder: OperationsResponder(readiness: readiness, metrics: metrics),
            logger: logger, hooks: ListenerHooks(onBound: onBound))
    }
}
