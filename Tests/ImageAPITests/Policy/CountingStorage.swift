import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage

/// Counts what a store is asked.
final class CountingStorage: ObjectStorage {
    private let base = MemoryStorage()
    private let calls = NIOLockedValueBox(0)

    var count: Int { calls.withLockedValue { $0 } }

    private func note() { calls.withLockedValue { $0 += 1 } }

    var capabilities: StorageCapabilities { base.capabilities }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        note()
        return try await base.get(key, options: options)
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        note()
        return try await base.head(key)
    }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        note()
        return try await base.put(key, bytes: bytes, options: options)
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        note()
        return try await base.beginUpload(key, options: options)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        note()
        try await base.delete(key, ifMatch: ifMatch)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        note()
        return try await base.list(request)
    }

    func checkAvailability() async throws(StorageError) {
        note()
        try await base.checkAvailability()
    }
}
