import Foundation
import Logging
import NIOCore
import ObjectStorage
import S3Storage
import TaskSupport
import TestServers
import Testing

/// The real servers. Each is started once for the whole run and killed at its end.
actor Servers {
    static let shared = Servers()
    private var running: [S3TestServer.Kind: Task<S3TestServer, any Error>] = [:]

    func server(_ kind: S3TestServer.Kind) async throws -> S3TestServer {
        if let task = running[kind] { return try await task.value }
        let task = Task { try await S3TestServer.start(kind) }
        running[kind] = task
        return try await task.value
    }

    /// A storage on a server that all tests share.
    ///
    /// - Parameter ownBucket: whether to use a new bucket, for tests that look at the storage's own objects.
    static func withStorage<Result>(
        _ kind: S3TestServer.Kind, ownBucket: Bool = false, timeout: Duration = .seconds(10),
        clock: MonotonicClock = .continuous, _ body: (S3Storage) async throws -> Result
    ) async throws -> Result {
        let server = try await shared.server(kind)
        let bucket = ownBucket ? "test-\(UInt32.random(in: .min ... .max))" : nil
        let storage = try server.storage(bucket: bucket, timeout: timeout, clock: clock)
        do {
            try await storage.createBucket()
            let result = try await body(storage)
            await storage.shutdown()
            return result
        } catch {
            await storage.shutdown()
            throw error
        }
    }

    /// A storage that reaches a shared server through a ``FaultProxy``.
    static func withFaults<Result>(
        _ kind: S3TestServer.Kind = .seaweedFS, ownBucket: Bool = false, timeout: Duration = .seconds(10),
        _ body: (S3Storage, FaultProxy) async throws -> Result
    ) async throws -> Result {
        let server = try await shared.server(kind)
        let proxy = try await FaultProxy.start(to: server.port)
        defer { proxy.stop() }
        let bucket = ownBucket ? "test-\(UInt32.random(in: .min ... .max))" : nil
        let storage = try server.storage(bucket: bucket, through: proxy.endpoint, timeout: timeout)
        do {
            if ownBucket { try await storage.createBucket() }
            let result = try await body(storage, proxy)
            await storage.shutdown()
            return result
        } catch {
            await storage.shutdown()
            throw error
        }
    }
}

/// Whether this machine has the program, for `.enabled(if:)`.
let hasSeaweedFS = S3TestServer.Kind.seaweedFS.program != nil
let hasRclone = S3TestServer.Kind.rclone.program != nil

func key(_ text: String) throws -> ObjectKey {
    try #require(ObjectKey(text))
}

func bytes(_ text: String) -> ByteBuffer {
    ByteBuffer(string: text)
}

/// A prefix that no other test uses.
func freshPrefix() -> String {
    "t\(UInt64.random(in: .min ... .max))/"
}
