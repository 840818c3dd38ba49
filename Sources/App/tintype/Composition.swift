import AccessControl
import Admission
import CoreMetrics
import HTTPServer
import ImageAPI
import ImageCodecs
import ImageRequests
import ImageService
import Logging
import NIOCore
import ObjectStorage
import ServiceLifecycle
import Telemetry
import TintypeSettings
import UnixSignals

/// Puts the parts together and serves until it is told to stop.
enum Composition {
    /// - Parameter lines: the log for request lines.
    /// - Throws: ``StartError`` if a setting does not work in practice; the error of binding an address.
    static func run(_ settings: Settings, lines: DirectLines) async throws {
        let logger = Logger(label: "tintype")
        let descriptors = DescriptorPlan(limit: OpenFiles.raiseLimit(logger: logger))
        descriptors.log(to: logger)
        let registry = PrometheusRegistry(help: MetricHelp.texts)
        MetricsSystem.bootstrap(registry)

        let credentials = try await Credentials(settings, logger: logger)
        let store = try Store.open(settings, connections: descriptors.storageConnections, logger: logger)
        let limits = RateLimits(settings.rateLimits, hasCredentials: settings.hasCredentials)
        let workers = codecWorkers(settings, limits: limits)
        let service = ImageService(
            storage: MeteredStorage(store.storage, logger: logger), workers: workers,
            configuration: configuration(settings))
        let readiness = Readiness(
            askStorage: {
                do throws(StorageError) {
                    try await service.checkStorage()
                    return nil
                } catch {
                    return error
                }
            }, oldestQueuedSeconds: { workers.usage.oldestQueuedSeconds },
            warnings: { service.capabilities.warnings })

        let operations = Listeners.operations(
            operationsListener(settings, descriptors), readiness: readiness,
            metrics: {
                recordUsage(service.usage, workers.usage)
                return registry.exposition(
                    adding: .current(), counts: [("tintype_log_lines_dropped_total", lines.droppedLines)])
            },
            logger: logger, onBound: { logger.info("ops listener is bound", metadata: ["address": "\($0)"]) })
        let images = Listeners.images(
            publicListener(settings, descriptors), service: service, images: imagesConfiguration(settings),
            access: credentials?.access, limits: limits, readiness: readiness, logger: logger,
            lines: RequestLines(lines),
            audit: settings.writesAuditLog ? AuditLog(logger: Logger(label: "tintype.audit")) : nil,
            status: { status(service.usage, workers.usage) },
            onBound: { logger.info("public listener is bound", metadata: ["address": "\($0)"]) })

        tellOfWrites(settings, logger)
        credentials?.access.logLockouts(to: logger)

        // Stopped from the last to the first: the ops listener reports on everything that stops before it.
        var services: [any Service] = [operations]
        services += store.services
        services.append(MemoryRelease())
        services += credentials?.services ?? []
        services.append(StoreStart(store: store, readiness: readiness, logger: logger))
        services.append(images)
        let group = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        do {
            try await group.run()
        } catch {
            logger.error("the server stopped with an error", metadata: ["error": "\(String(reflecting: error))"])
            await end(store, workers, service)
            await credentials?.close()
            throw error
        }
        await end(store, workers, service)
        await credentials?.close()
        logger.info("the server stopped")
    }

    /// If a proxy is in front, the operator must know what our rules cannot see.
    private static func tellOfWrites(_ settings: Settings, _ logger: Logger) {
        if settings.hasCredentials {
            if settings.unsafeAllowAnonymousWrites {
                logger.warning("UNSAFE_ALLOW_ANONYMOUS_WRITES has no effect, because credentials are configured")
            }
            return
        }
        if settings.unsafeAllowAnonymousWrites {
            logger.warning("writes are taken without credentials from everybody who reaches this server")
        } else {
            logger.notice(
                """
                writes are taken without credentials from this machine only, where Host names it. A proxy in front needs \
                API_KEYS: one on this machine that rewrites Host cannot be told from a \
                local client, and lets everybody write
                """)
        }
    }

    private static func status(_ service: ImageService.Usage, _ codecs: CodecWorkers.Usage) -> StatusDocument {
        StatusDocument(
            isStorageAway: service.isStorageAway,
            queue: (codecs.queued, codecs.running, codecs.oldestQueuedSeconds), cacheBytes: service.cacheBytes,
            uploads: (service.uploadBytes, service.uploadsWaiting),
            answers: (service.answerBytes, service.answersWaiting))
    }

    /// Gives codecs a tenth of a core that an event loop also wants: enough that they do not hold their resources for
    /// long.
    private static let codecNiceness: CInt = 10
    /// Long work gets one part of the time, other codec work two. Not less: its time limit is measured in real time.
    private static let longNiceness: CInt = 13

    private static func codecWorkers(_ settings: Settings, limits: RateLimits?) -> CodecWorkers {
        func pool(_ name: String, niceness: CInt) -> WorkerPool {
            WorkerPool(
                threads: settings.renderThreads ?? Processors.count, queueLimit: CodecWorkers.unlimited, name: name,
                niceness: niceness)
        }
        return CodecWorkers(
            memoryBytes: settings.renderMemoryBytes, queueLimit: settings.renderQueue,
            pool: pool("codec", niceness: codecNiceness), longPool: pool("codec-long", niceness: longNiceness),
            timeout: settings.renderQueueTimeout, timeLimit: settings.renderTimeout,
            pixels: limits.flatMap { PixelLimiter($0) })
    }

    private static func end(_ store: Store, _ workers: CodecWorkers, _ service: ImageService) async {
        // What is not removed by then stays as garbage that nothing refers to.
        await service.finishBackgroundWork(within: .seconds(1))
        await workers.shutdown()
        await store.close()
    }

    // MARK: Settings for each module

    private static func configuration(_ settings: Settings) -> ImageService.Configuration {
        ImageService.Configuration(
            uploads: UploadLimits(
                maximumBytes: Int64(settings.maxUploadBytes),
                codec: CodecLimits(
                    maximumPixels: settings.maxImagePixels, maximumFrames: settings.maxImageFrames,
                    maximumProfileBytes: settings.maxProfileBytes, maximumScans: settings.maxJPEGScans,
                    maximumChunks: settings.maxImageChunks,
                    maximumAnimationPixels: settings.maxAnimationPixels),
                metadata: settings.uploadMetadata),
            uploadMemoryBytes: settings.uploadMemoryBytes, cacheBytes: settings.cacheMemoryBytes,
            revalidateAfter: settings.cacheRevalidate, staleFor: settings.cacheStale,
            storageTimeout: settings.storageTimeout, keeping: keeping(settings),
            answerMemoryBytes: settings.answerMemoryBytes, answerWait: settings.renderQueueTimeout)
    }

    private static func keeping(_ settings: Settings) -> RenditionStoreOptions? {
        guard settings.renditionStore else { return nil }
        return RenditionStoreOptions(
            maximumPerImage: settings.renditionStoreLimit, lease: settings.renditionLease,
            intermediateSide: settings.intermediateSide, intermediateQuality: settings.intermediateQuality)
    }

    static func imagesConfiguration(_ settings: Settings) -> ImagesConfiguration {
        ImagesConfiguration(
            cacheControl: settings.cacheControl,
            urlBase: settings.cdnURL.map(\.text), maximumUploadBytes: Int64(settings.maxUploadBytes),
            allowsAnonymousWrites: settings.unsafeAllowAnonymousWrites,
            readsArePublic: settings.readAccess == .public, renditions: RenditionRules(settings),
            origins: settings.corsOrigins)
    }

    private static func publicListener(_ settings: Settings, _ descriptors: DescriptorPlan) -> ListenerConfiguration {
        var listener = ListenerConfiguration(host: settings.host.text, port: settings.port)
        listener.maxConnections = descriptors.connections
        listener.bodyTimeout = .init(settings.clientTimeout)
        listener.headTimeout = .init(settings.clientTimeout)
        listener.writeTimeout = .init(settings.clientTimeout)
        listener.minUploadRate = settings.minUploadRate
        listener.minDownloadRate = settings.minDownloadRate
        listener.drainWindow = .init(settings.drain)
        if !settings.trustedProxies.isEmpty {
            listener.proxies = ForwardedClients(TrustedProxies(settings.trustedProxies))
            listener.expectsProxyHeader = settings.proxyProtocol
        }
        // A rejected upload that would have fitted is read to its end: many clients never read an answer if sending
        // fails.
        listener.lingerBytes = settings.maxUploadBytes
        return listener
    }

    private static func operationsListener(
        _ settings: Settings, _ descriptors: DescriptorPlan
    ) -> ListenerConfiguration {
        var listener = ListenerConfiguration(host: settings.host.text, port: settings.opsPort)
        listener.maxConnections = descriptors.operationsConnections
        // It stops last, when nobody has to be told any more.
        listener.drainWindow = .zero
        listener.shutdownLimit = .milliseconds(500)
        listener.cancelGrace = .milliseconds(500)
        return listener
    }
}
