import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage

/// Whether the store counts as away: from an operation that failed by outage or timeout, until a question succeeds.
final class StorageHealth: Sendable {
    private let away = NIOLockedValueBox(false)

    init() {}

    var isAway: Bool { away.withLockedValue { $0 } }

    /// Records how an operation ended. A store that refuses an operation is not away.
    func note(_ error: StorageError?) {
        guard let error else { return away.withLockedValue { $0 = false } }
        switch error.code {
        case _ where error.isOutage: away.withLockedValue { $0 = true }
        case .unavailable, .timedOut: break
        // None of these says anything about the store.
        case .cancelled, .overloaded, .badCursor: break
        case .notFound, .preconditionFailed, .conflict, .rangeNotSatisfiable, .invalidKey, .full, .denied, .badAnswer,
            .unsupported, .archived:
            away.withLockedValue { $0 = false }
        }
    }

    func watch<Answer>(_ ask: () async throws(StorageError) -> Answer) async throws(StorageError) -> Answer {
        do {
            let answer = try await ask()
            note(nil)
            return answer
        } catch {
            note(error)
            throw error
        }
    }
}

/// A store whose results are all reported to a ``StorageHealth``.
struct HealthTrackingStorage: ObjectStorage {
    private let base: any ObjectStorage
    private let health: StorageHealth

    init(_ base: any ObjectStorage, health: StorageHealth) {
        self.base = base
        self.health = health
    }

    var capabilities: StorageCapabilities { base.capabilities }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await health.watch { () async throws(StorageError) in try await base.get(key, options: options) }
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await health.watch { () async throws(StorageError) in try await base.head(key) }
    }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await health.watch { () async throws(StorageError) in
            try await base.put(key, bytes: bytes, options: options)
        }
    }

    func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        let upload = try await health.watch { () async throws(StorageError) in
            try await base.beginUpload(key, options: options)
        }
        return HealthTrackingUpload(base: upload, health: health)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await health.watch { () async throws(StorageError) in try await base.delete(key, ifMatch: ifMatch) }
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await health.watch { () async throws(StorageError) in try await base.list(request) }
    }

    func checkAvailability() async throws(StorageError) {
        try await health.watch { () async throws(StorageError) in try await base.checkAvailability() }
    }
}

private final class HealthTrackingUpload: MultipartUpload {
    private let base: any MultipartUpload
    private let health: StorageHealth

    init(base: any MultipartUpload, health: StorageHealth) {
        self.base = base
        self.health = health
    }

    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError) {
        try await health.watch { () async throws(StorageError) in try await base.uploadPart(bytes, number: number) }
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        try await health.watch { () async throws(StorageError) in try await base.complete(mode: mode) }
    }

    func abort() async { await base.abort() }
}
