import Logging
import ObjectStorage
import S3Storage
import ServiceLifecycle
import TintypeSettings

/// A setting that is well formed but does not work.
struct StartError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The store of the settings, with everything that it needs.
struct Store: Sendable {
    var storage: any ObjectStorage
    /// Services that run as long as the server does.
    var services: [any Service] = []
    /// Connects to the store and finds out what it supports. Throws while it is away.
    var start: @Sendable () async throws(StorageError) -> [String] = { () async throws(StorageError) in [] }
    /// Finds out again what it supports, and returns each result as a line; nil if there is nothing to find out.
    var probe: (@Sendable () async throws(StorageError) -> [String])?
    /// Releases its resources, after everything else has ended.
    var close: @Sendable () async -> Void = {}

    /// - Parameter connections: to a store in the network, for each of its two pools.
    /// - Throws: ``StartError``.
    static func open(
        _ settings: Settings, connections: Int = DescriptorPlan.usualStorageConnections, logger: Logger
    ) throws(StartError) -> Store {
        switch settings.storageType {
        case .local: try local(settings)
        case .s3: try s3(settings, connections, logger)
        }
    }

    private static func local(_ settings: Settings) throws(StartError) -> Store {
        do {
            return Store(storage: try LocalStorage(root: settings.localStoragePath, timeout: settings.storageTimeout))
        } catch {
            throw StartError(
                "LOCAL_STORAGE_PATH: \(settings.localStoragePath): expected a folder that can be written to: "
                    + error.debugDescription)
        }
    }

    private static func s3(
        _ settings: Settings, _ connections: Int, _ logger: Logger
    ) throws(StartError) -> Store {
        guard let bucket = settings.s3.bucket, let credentials = settings.s3.credentials else {
            throw StartError(
                "S3_BUCKET_NAME, S3_ACCESS_KEY and S3_SECRET_KEY: expected for STORAGE_TYPE s3")
        }
        let storage = S3Storage(
            S3Configuration(
                endpoint: settings.s3.endpoint.map { endpoint in
                    S3Endpoint(
                        isSecure: endpoint.scheme == .https, host: endpoint.host, port: endpoint.port,
                        basePath: endpoint.path)
                },
                bucket: bucket, region: settings.s3.region, usePathStyle: settings.s3.usesPathStyle,
                timeout: settings.storageTimeout, connectionLimit: connections, readerLimit: connections,
                createBucket: settings.s3.createBucket, probeMaxAge: settings.s3.probeMaxAge),
            credentials: StaticCredentials(
                accessKey: credentials.accessKey.revealed, secretKey: credentials.secretKey.revealed,
                sessionToken: credentials.sessionToken?.revealed),
            logger: logger)
        var store = Store(storage: storage)
        store.probe = { () async throws(StorageError) in
            let report = try await storage.probe()
            return report.lines + report.warnings
        }
        store.start = { () async throws(StorageError) in try await storage.prepare().warnings }
        store.close = { await storage.shutdown() }
        if let age = settings.s3.uploadSweepAge {
            store.services.append(MultipartSweep(sweeper: MultipartSweeper(storage, age: age)))
        }
        return store
    }
}

/// Aborts uploads whose process ended before them.
private struct MultipartSweep: Service {
    let sweeper: MultipartSweeper

    func run() async throws {
        await cancelWhenGracefulShutdown { await sweeper.run() }
        try? await gracefulShutdown()
    }
}
