import AccessControl
import Admission
import HTTPServer
import ImageCodecs
import ImageModel
import ImageRequests
import ImageService
import Logging
import NIOCore
import NIOPosix
import ObjectStorage
import ServiceLifecycle
import Synchronization
import TestListener
import Testing

@testable import ImageAPI

/// Images in memory, and a listener that answers with or without the fast path.
struct FastPathFixture: Sendable {
    /// The result of a request.
    struct Finished: Sendable {
        var status: Int
        var isFast: Bool
        var bytesSent: Int
    }

    let port: Int
    let finished: Notes<Finished>
    let lines: Notes<[String: String]>
    let draining: Notes<Bool>
    private let group: ServiceGroup

    func shutDown() async { await self.group.triggerGracefulShutdown() }

    func client(receiveBuffer: Int32? = nil) async throws -> RawClient {
        try await RawClient(port: self.port, receiveBuffer: receiveBuffer)
    }

    static func makeConfiguration(origins: AllowedOrigins = AllowedOrigins()) throws -> ImagesConfiguration {
        ImagesConfiguration(
            cacheControl: "public, no-cache", urlBase: nil, maximumUploadBytes: 50 << 20, allowsAnonymousWrites: false,
            renditions: RenditionRules(presets: ["small": try RenditionPreset(parameters: "w=8&format=jpeg")]),
            origins: origins)
    }

    /// Reads until the connection ends.
    static func receiveAll(_ client: RawClient) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let some = try await client.receiveSome()
            if some.isEmpty { return bytes }
            bytes += some
        }
    }

    /// A service whose responses stay fresh, with two images: `p.jpg`, and `large.jpg` of 200,000 bytes.
    static func makeService(
        revalidateAfter: Duration = .seconds(3600), storage: any ObjectStorage = MemoryStorage()
    ) async throws -> ImageService {
        let service = ImageService(
            storage: storage,
            workers: CodecWorkers(
                memoryBytes: 64 << 20, queueLimit: 10, pool: WorkerPool(threads: 1, queueLimit: 10, name: "test"),
                longPool: WorkerPool(threads: 1, queueLimit: 10, name: "test-long")),
            configuration: ImageService.Configuration(
                uploads: UploadLimits(maximumBytes: 50 << 20, codec: CodecLimits(), metadata: .keep),
                uploadMemoryBytes: 32 << 20, cacheBytes: 64 << 20, revalidateAfter: revalidateAfter,
                staleFor: .zero, storageTimeout: .seconds(10)))
        try await self.store("p.jpg", 9_000, in: service)
        try await self.store("large.jpg", 200_000, in: service)
        try await self.store("huge.jpg", 300_000, in: service)
        return service
    }

    static func store(_ name: String, _ length: Int, in service: ImageService) async throws {
        let pixels = try PixelBuffer(width: 32, height: 16, layout: .rgb8)
        var file = try ImageEncoder.encode(pixels, format: .jpeg, quality: 90, metadata: nil, cancelled: CancelFlag())
        // Bytes after an image's end are kept and served.
        file += (file.count..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var rest: ByteBuffer? = ByteBuffer(bytes: file)
        _ = try await service.upload(to: try ImagePath(name.utf8), condition: .always) {
            defer { rest = nil }
            return rest
        }
    }

    /// Runs a listener during a test.
    ///
    /// - Parameter access: The credentials; nil for none. With credentials, reads are protected.
    static func run(
        _ service: ImageService, hasFastPath: Bool, access: AccessControl? = nil, drainWindow: TimeAmount = .zero,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton, origins: AllowedOrigins = AllowedOrigins(),
        limits: RateLimits? = nil, proxies: (any ClientNaming)? = nil, expectsProxyHeader: Bool = false,
        test: @escaping @Sendable (FastPathFixture) async throws -> Void
    ) async throws {
        var configuration = ListenerConfiguration(host: "127.0.0.1", port: 0)
        configuration.drainWindow = drainWindow
        configuration.proxies = proxies
        configuration.expectsProxyHeader = expectsProxyHeader
        configuration.shutdownLimit = drainWindow + .milliseconds(500)
        configuration.lingerTimeout = .milliseconds(500)
        let (bound, finished, lines) = (Notes<Int>(), Notes<Finished>(), Notes<[String: String]>())
        let draining = Notes<Bool>()
        var images = try Self.makeConfiguration(origins: origins)
        images.readsArePublic = access == nil
        let rules: any RequestPolicy =
            access.map { [images] in AccessPolicy($0, images) } ?? KeylessPolicy(images)
        let policy: any RequestPolicy = limits.map { LimitedPolicy(rules, $0, nil) } ?? rules
        let log = RequestLog(logger: Logger(label: "test") { _ in NotingLogHandler(lines: lines) })
        let makeFastPath: @Sendable () -> any FastPath = { [images] in
            ImageFastPath(service: service, configuration: images, policy: policy)
        }
        let listener = ServerListener(
            configuration: configuration,
            responder: ImageResponder(
                service: service, configuration: images, policy: policy, access: access, status: { .idle }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            eventLoopGroup: eventLoopGroup,
            hooks: ListenerHooks(
                onBound: { bound.add($0.port ?? 0) },
                onDraining: { draining.add(true) },
                onFinished: { request, context in
                    context?.notes.letGo()
                    log.finished(request, request.notes(context))
                    finished.add(Finished(status: request.status, isFast: request.isFast, bytesSent: request.bytesSent))
                }),
            makeFastPath: hasFastPath ? makeFastPath : nil)
        let group = ServiceGroup(
            configuration: .init(services: [listener], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                let port = try await bound.wait()[0]
                let fixture = FastPathFixture(
                    port: port, finished: finished, lines: lines, draining: draining, group: group)
                do {
                    try await test(fixture)
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            for try await _ in tasks {}
        }
    }
}

/// Stores the metadata of every line.
struct NotingLogHandler: LogHandler {
    let lines: Notes<[String: String]>
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.lines.add((event.metadata ?? [:]).mapValues(\.description))
    }
}
