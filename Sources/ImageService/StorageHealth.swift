import NIOConcurrencyHelpers
public import NIOCore
public import ObjectStorage

/// Whether the store counts as away: from an operation that failed for outage or time, until a question succeeds.
public final class StorageHealth: Sendable {
    private let away = NIOLockedValueBox(false)

    public init() {}

    public var isAway: Bool { away.withLockedValue { $0 } }

    /// Takes note of how an operation ended. A store that refuses is there all the same.
    func note(_ error: StorageError?) {
        guard let error else { return away.withLockedValue { $0 = false } }
        switch error.code {
        case .unavailable, .timedOut: away.withLockedValue { $0 = true }
        case .cancelled: break
        case .notFound, .preconditionFailed, .conflict, .rangeNotSatisfiable, .invalidKey, .full, .denied, .badAnswer,
            .unsupported:
            away.withLockedValue { $0 = false }
        }
    }
}

/// A store whose every answer is noted in a ``StorageHealth``.
public struct WatchedStorage: ObjectStorage {
    private let base: any ObjectStorage
    private let health: StorageHealth

    public init(_ base: any ObjectStorage, health: StorageHealth) {
        self.base = base
        self.health = health
    }

    public var capabilities: StorageCapabilities { base.capabilities }

    public func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await watch { () async throws(StorageError) in try await base.get(key, options: options) }
    }

    public func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await watch { () async throws(StorageError) in try await base.head(key) }
    }

    public func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await watch { () async throws(StorageError) in try await base.put(key, bytes: bytes, options: options) }
    }

    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        try await watch { () async throws(StorageError) in try await base.beginUpload(key, options: options) }
    }

    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await watch { () async throws(StorageError) in try await base.delete(key, ifMatch: ifMatch) }
    }

    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await watch { () async throws(StorageError) in try await base.list(request) }
    }

    public func checkAvailability() async throws(StorageError) {
        try await watch { () async throws(StorageError) in try await base.checkAvailability() }
    }

    private func watch<Answer>(
        _ ask: () async throws(StorageError) -> Answer
    ) async throws(StorageError) -> Answer {
        do {
            let answer = try await ask()
            health.note(nil)
            return answer
        } catch {
            health.note(error)
            throw error
        }
    }
}
