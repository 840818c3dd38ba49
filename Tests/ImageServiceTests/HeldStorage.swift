import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage

/// A store whose responses to HEAD can be held back. A response is the state when the request came, however late it
/// arrives.
final class HeldStorage: ObjectStorage {
    private struct State {
        var heads = 0
        var holds = false
        var held: [CheckedContinuation<Void, Never>] = []
        var errorCode: StorageError.Code?
    }

    private let base = MemoryStorage()
    private let state = NIOLockedValueBox(State())

    /// Requests that have come.
    var heads: Int { state.withLockedValue { $0.heads } }
    /// Responses that are held back now.
    var held: Int { state.withLockedValue { $0.held.count } }

    /// Holds back responses from now on.
    func hold() { state.withLockedValue { $0.holds = true } }

    /// Sends all responses that are held back, and does not hold back later ones.
    func letGo() {
        let held = state.withLockedValue { state in
            state.holds = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Fails every HEAD from now on; nil ends this.
    func fail(with code: StorageError.Code?) { state.withLockedValue { $0.errorCode = code } }

    var capabilities: StorageCapabilities { base.capabilities }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        let errorCode = state.withLockedValue { state in
            state.heads += 1
            return state.errorCode
        }
        if let errorCode { throw StorageError(errorCode, during: .head) }
        let answer: Result<ObjectInfo, StorageError>
        do throws(StorageError) { answer = .success(try await base.head(key)) } catch { answer = .failure(error) }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLockedValue { state in
                if state.holds { state.held.append(continuation) }
                return state.holds
            }
            if !isHeld { continuation.resume() }
        }
        return try answer.get()
    }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await base.get(key, options: options)
    }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await base.put(key, bytes: bytes, options: options)
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        try await base.beginUpload(key, options: options)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await base.delete(key, ifMatch: ifMatch)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage { try await base.list(request) }

    func checkAvailability() async throws(StorageError) { try await base.checkAvailability() }
}
