import Admission
import CoreMetrics
import ImageAPI
import ImageCodecs
import ImageService
import Logging
import NIOCore
import ObjectStorage
import ServiceLifecycle
import Telemetry
import TintypeSettings
import UnixSignals

/// Puts the rooms together and serves until told to stop.
enum Composition {
    /// - Parameter lines: where the lines of requests go.
    /// - Throws: ``StartFault`` where a setting turns out not to work; the error of binding an address.
    static func run(_ settings: Settings, lines: DirectLines) async throws {
        let logger = Logger(label: "tintype")
        OpenFiles.raiseLimit(logger: logger)
        let registry = PrometheusRegistry(help: MetricHelp.texts)
        MetricsSystem.bootstrap(registry)

        let store = try Store.open(settings, logger: logger)
        let pool = WorkerPool(
            threads: settings.renderThreads ?? Processors.count, queueLimit: CodecWorkers.unlimited, name: "codec",
            niceness: codecNiceness)
        let workers = CodecWorkers(
            memoryBytes: settings.renderMemoryBytes, queueLimit: settings.renderQueue, pool: pool,
            patience: settings.renderQueueTimeout, timeLimit: settings.renderTimeout)
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
            operationsListener(settings), readiness: readiness,
            metrics: {
                recordUsage(service.usage, workers.usage)
                return registry.exposition(
                    adding: .current(), counts: [("tintype_log_lines_dropped_total", lines.droppedLines)])
            },
            logger: logger, onBound: { logger.info("ops listener is bound", metadata: ["address": "\($0)"]) })
        let images = Listeners.images(
            publicListener(settings), service: service, images: imagesConfiguration(settings), readiness: readiness,
            logger: logger, lines: RequestLines(lines),
            onBound: { logger.info("public listener is bound", metadata: ["address": "\($0)"]) })

        // Ended from the last to the first: the ops listener tells of everything that ends before it.
        var services: [any Service] = [operations]
        services += store.services
        services.append(MemoryRelease())
        services.append(StoreStart(store: store, readiness: readiness, logger: logger))
        services.append(images)
        let group = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        do {
            try await group.run()
        } catch {
            logger.error("the server has ended with an error", metadata: ["error": "\(String(reflecting: error))"])
            await end(store, pool, service)
            throw error
        }
        await end(store, pool, service)
        logger.info("the server has ended")
    }

    /// So that codecs have a tenth of a core that an event loop wants as well: enough for what they hold not to be held
    /// for long.
    private static let codecNiceness: CInt = 10

    private static func end(_ store: Store, _ pool: WorkerPool, _ service: ImageService) async {
        // What is not removed by then is garbage that nothing refers to.
        await service.finishBackgroundWork(within: .seconds(1))
        await pool.shutdown(cancelRunning: true)
        await store.close()
    }

    // MARK: Settings as each room takes them

    private static func configuration(_ settings: Settings) -> ImageService.Configuration {
        ImageService.Configuration(
            uploads: UploadLimits(
                maximumBytes: Int64(settings.maxUploadBytes),
                codec: CodecLimits(
                    maximumPixels: settings.maxImagePixels, maximumFrames: settings.maxImageFrames,
                    maximumProfileBytes: settings.maxProfileBytes, maximumScans: settings.maxJPEGScans,
                    maximumChunks: settings.maxImageChunks,
                    maximumAnimationPixels: settings.maxAnimationPixels),
                metadata: MetadataPolicy(settings.uploadMetadata)),
            uploadMemoryBytes: settings.uploadMemoryBytes, cacheBytes: settings.cacheMemoryBytes,
            revalidateAfter: settings.cacheRevalidate, staleFor: settings.cacheStale,
            storageTimeout: settings.storageTimeout, keeping: keeping(settings))
    }

    private static func keeping(_ settings: Settings) -> RenditionKeeping? {
        guard settings.renditionStore else { return nil }
        return RenditionKeeping(
            maximumPerImage: settings.renditionStoreLimit, lease: settings.renditionLease,
            ladderSide: settings.ladderSide, ladderQuality: settings.ladderQuality)
    }

    private static func imagesConfiguration(_ settings: Settings) -> ImagesConfiguration {
        ImagesConfiguration(
            cacheControl: settings.cacheControl,
            urlBase: settings.cdnURL.map(\.text), maximumUploadBytes: Int64(settings.maxUploadBytes),
            allowsAnonymousWrites: settings.unsafeAllowAnonymousWrites, renditions: RenditionRules(settings))
    }

    private static func publicListener(_ settings: Settings) -> ListenerConfiguration {
        var listener = ListenerConfiguration(host: settings.host.text, port: settings.port)
        listener.bodyTimeout = .init(settings.clientTimeout)
        listener.headTimeout = .init(settings.clientTimeout)
        listener.writeTimeout = .init(settings.clientTimeout)
        listener.drainWindow = .init(settings.drain)
        // A refused upload that could have been taken is heard to its end: many clients never read an answer where
        // sending fails.
        listener.lingerBytes = settings.maxUploadBytes
        return listener
    }

    private static func operationsListener(_ settings: Settings) -> ListenerConfiguration {
        var listener = ListenerConfiguration(host: settings.host.text, port: settings.opsPort)
        // It leaves last, when nobody has to be told any more.
        listener.drainWindow = .zero
        listener.shutdownLimit = .milliseconds(500)
        listener.cancelGrace = .milliseconds(500)
        return listener
    }
}
