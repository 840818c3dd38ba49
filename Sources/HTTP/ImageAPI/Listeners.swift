public import AccessControl
public import HTTPServer
public import ImageService
public import Logging
public import NIOCore

/// Builds the two listeners from their parts.
public enum Listeners {
    /// The public listener: images, metadata, listings.
    ///
    /// - Parameters:
    ///   - access: The credentials that are configured; nil: none.
    ///   - limits: What each client may do; nil: nothing is limited.
    ///   - status: The state of this replica, for `/api/v1/status`.
    ///   - lines: Where the access log lines go; nil: to the logger.
    ///   - audit: Writes, rejections and uses of `admin`; nil: they are not logged apart.
    ///   - onBound: Called with the address once the listener accepts connections.
    public static func images(
        _ configuration: ListenerConfiguration, service: ImageService, images: ImagesConfiguration,
        access: AccessControl? = nil, limits: RateLimits? = nil, readiness: Readiness, logger: Logger,
        lines: (any RequestLineSink)? = nil, audit: AuditLog? = nil,
        status: @escaping @Sendable () -> StatusDocument,
        onBound: @escaping @Sendable (SocketAddress) -> Void
    ) -> ServerListener<ImageResponder> {
        self.images(
            configuration, service: service, images: images, access: access, limits: limits, readiness: readiness,
            logger: logger, lines: lines, audit: audit, status: status, hasFastPath: true, onBound: onBound)
    }

    /// - Parameter hasFastPath: Without it every request takes the normal path, with the same responses.
    static func images(
        _ configuration: ListenerConfiguration, service: ImageService, images: ImagesConfiguration,
        access: AccessControl? = nil, limits: RateLimits? = nil, readiness: Readiness, logger: Logger,
        lines: (any RequestLineSink)? = nil, audit: AuditLog? = nil,
        status: @escaping @Sendable () -> StatusDocument, hasFastPath: Bool,
        onBound: @escaping @Sendable (SocketAddress) -> Void
    ) -> ServerListener<ImageResponder> {
        let log = RequestLog(logger: logger, lines: lines)
        let table = CachedResponseTable(service.requestMemory)
        let judging: any RequestPolicy = access.map { AccessPolicy($0, images) } ?? KeylessPolicy(images)
        let policy: any RequestPolicy = limits.map { LimitedPolicy(judging, $0, access) } ?? judging
        let makeFastPath: @Sendable () -> any FastPath = {
            ImageFastPath(service: service, configuration: images, policy: policy, table: table)
        }
        return ServerListener(
            configuration: configuration,
            responder: ImageResponder(
                service: service, configuration: images, policy: policy, access: access, status: status),
            logger: logger,
            hooks: ListenerHooks(
                onBound: onBound, onDraining: { readiness.drain() },
                onFinished: { finished, context in
                    context?.notes.letGo()
                    log.finished(finished, finished.notes(context))
                    audit?.finished(finished, context?.notes)
                },
                uploadsWait: { service.isUploadMemoryContended },
                readersWait: { service.isAnswerMemoryContended },
                othersWait: { $0.notes.holdsAnswer && service.isAnswerMemoryContended }),
            makeFastPath: hasFastPath ? makeFastPath : nil)
    }

    /// The listener for operators: /livez, /readyz, /metrics. Only errors are logged.
    public static func operations(
        _ configuration: ListenerConfiguration, readiness: Readiness, metrics: @escaping @Sendable () -> String,
        logger: Logger, onBound: @escaping @Sendable (SocketAddress) -> Void
    ) -> ServerListener<OperationsResponder> {
        ServerListener(
            configuration: configuration, responder: OperationsResponder(readiness: readiness, metrics: metrics),
            logger: logger, hooks: ListenerHooks(onBound: onBound))
    }
}

extension FinishedRequest {
    /// Whether the fast path has answered it.
    var isFast: Bool {
        if case .fastPath = source { true } else { false }
    }

    /// What is known about the request besides the request itself. The fast path only answers cache hits of images.
    func notes(_ context: APIContext?) -> RequestNotes.Values? {
        isFast ? .imageHit : context?.notes.current
    }
}

extension RequestNotes.Values {
    /// The notes of an image that was in memory.
    static let imageHit = RequestNotes.Values(route: "image", cache: Freshness.hit.label)
}

extension FileInMemory: BytesInMemory {}
