import Foundation
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import S3Storage
import TestServers

/// A new bucket on a SeaweedFS that all tests share.
final class SeaweedBucket: BackendStore {
    let server: S3TestServer
    let name: String
    private let storage: S3Storage

    /// - Parameter server: nil: the shared one.
    init(on server: S3TestServer? = nil) async throws {
        if let server { self.server = server } else { self.server = try await SharedSeaweed.server() }
        name = "e2e-\(UUID().uuidString.lowercased().prefix(12))"
        storage = try self.server.storage(bucket: name)
        try await storage.createBucket()
    }

    deinit {
        let storage = storage
        Task { await storage.shutdown() }
    }

    var environment: [String: String] { environment(through: server.endpoint) }

    /// The settings of a server that reaches the bucket another way, such as through a proxy that loses responses.
    func environment(through endpoint: String) -> [String: String] {
        [
            "STORAGE_TYPE": "s3", "S3_ENDPOINT_URL": endpoint, "S3_BUCKET_NAME": name,
            "S3_ACCESS_KEY": S3TestServer.accessKey, "S3_SECRET_KEY": S3TestServer.secretKey,
        ]
    }

    func plant(_ path: String, _ bytes: [UInt8]) async throws {
        guard let key = ObjectKey(path) else { throw TestServerError("not a key: \(path)") }
        _ = try await storage.put(key, bytes: ByteBuffer(bytes: bytes), options: PutOptions())
    }

    /// Objects and unfinished multipart uploads, listed by botocore, which is not our client.
    func leftovers() async throws -> [String] {
        let script = """
            import botocore.session, sys
            s3 = botocore.session.get_session().create_client("s3", endpoint_url=sys.argv[1], aws_access_key_id=sys.argv[2],
                aws_secret_access_key=sys.argv[3], region_name="us-east-1")
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[4]):
                for item in page.get("Contents", []): print(item["Key"])
            for upload in s3.list_multipart_uploads(Bucket=sys.argv[4]).get("Uploads", []):
                print("upload of", upload["Key"])
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            ProcessInfo.processInfo.environment["PYTHON"] ?? "python3", "-c", script, server.endpoint,
            S3TestServer.accessKey, S3TestServer.secretKey, name,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestServerError("botocore failed") }
        return output.split(separator: "\n").map(String.init)
    }
}

/// Started by the first test that needs it, and stopped with the process.
actor SharedSeaweed {
    private static let shared = SharedSeaweed()
    private var starting: Task<S3TestServer, any Error>?

    static func server() async throws -> S3TestServer { try await shared.get() }

    private func get() async throws -> S3TestServer {
        if let starting { return try await starting.value }
        let task = Task { try await S3TestServer.start(.seaweedFS) }
        starting = task
        // Swift never releases a static value, but the launched process must not outlive this one.
        atexit { SharedSeaweed.stop() }
        let server = try await task.value
        Self.running.withLockedValue { $0 = server }
        return server
    }

    private static let running = NIOLockedValueBox<S3TestServer?>(nil)

    private static func stop() {
        running.withLockedValue { $0 }?.stop()
    }
}
