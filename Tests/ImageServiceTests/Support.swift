import Admission
import ImageCodecs
import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage

/// Answers from memory, counts what it is asked, and can be told to fail or to wait.
final class ScriptedStorage: ObjectStorage {
    private struct State {
        var counts: [StorageError.Operation: Int] = [:]
        var failure: StorageError.Code?
        var delay = Duration.zero
        /// Fails after the base has acted, as a lost answer does.
        var losesAnswers: Set<StorageError.Operation> = []
    }

    private let base: any ObjectStorage
    private let state = NIOLockedValueBox(State())

    init(_ base: any ObjectStorage = MemoryStorage()) {
        self.base = base
    }

    var capabilities: StorageCapabilities { base.capabilities }

    func count(_ operation: StorageError.Operation) -> Int { state.withLockedValue { $0.counts[operation] ?? 0 } }

    func fail(with code: StorageError.Code?) { state.withLockedValue { $0.failure = code } }

    func delay(_ duration: Duration) { state.withLockedValue { $0.delay = duration } }

    func loseAnswers(_ operations: Set<StorageError.Operation>) {
        state.withLockedValue { $0.losesAnswers = operations }
    }

    private func before(_ operation: StorageError.Operation) async throws(StorageError) {
        let (failure, delay) = state.withLockedValue { state in
            state.counts[operation, default: 0] += 1
            return (state.failure, state.delay)
        }
        if delay > .zero {
            do { try await Task.sleep(for: delay) } catch { throw StorageError(.cancelled, during: operation) }
        }
        if let failure { throw StorageError(failure, during: operation) }
    }

    private func after(_ operation: StorageError.Operation) throws(StorageError) {
        let isLost = state.withLockedValue { $0.losesAnswers.remove(operation) != nil }
        if isLost { throw StorageError(.unavailable, during: operation) }
    }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await before(.get)
        return try await base.get(key, options: options)
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await before(.head)
        return try await base.head(key)
    }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await before(.put)
        let result = try await base.put(key, bytes: bytes, options: options)
        try after(.put)
        return result
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        try await before(.beginUpload)
        return try await base.beginUpload(key, options: options)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await before(.delete)
        try await base.delete(key, ifMatch: ifMatch)
        try after(.delete)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await before(.list)
        return try await base.list(request)
    }

    func checkAvailability() async throws(StorageError) {
        try await before(.checkAvailability)
        try await base.checkAvailability()
    }
}

extension ImageService {
    /// A service for tests.
    static func make(
        _ storage: any ObjectStorage, revalidateAfter: Duration = .seconds(5), staleFor: Duration = .seconds(3600),
        cacheBytes: Int = 64 << 20, maximumBytes: Int64 = 50 << 20
    ) -> ImageService {
        ImageService(
            storage: storage,
            workers: CodecWorkers(
                memory: ByteBudget(limit: 256 << 20, queueLimit: 100),
                pool: WorkerPool(threads: 2, queueLimit: 100, name: "test")),
            configuration: Configuration(
                uploads: UploadLimits(maximumBytes: maximumBytes, codec: CodecLimits()),
                uploadMemoryBytes: 64 << 20, cacheBytes: cacheBytes, revalidateAfter: revalidateAfter,
                staleFor: staleFor))
    }

    func upload(_ path: ImagePath, _ bytes: [UInt8], _ condition: WriteCondition = .always) async throws
        -> UploadedImage
    {
        var rest: ByteBuffer? = ByteBuffer(bytes: bytes)
        return try await upload(to: path, condition: condition) {
            defer { rest = nil }
            return rest
        }
    }

    func bytes(_ path: ImagePath, expecting version: String? = nil) async throws -> [UInt8] {
        Array(try await open(path, expecting: version).body.collect(upTo: 100 << 20).readableBytesView)
    }
}

enum Samples {
    /// A small picture and bytes behind its end that make it one of its own.
    static func jpeg(_ mark: String = "", padding: Int = 0) throws -> [UInt8] {
        let pixels = try PixelBuffer(width: 32, height: 16, layout: .rgb8)
        let file = try ImageEncoder.encode(
            pixels, format: .jpeg, quality: 90, metadata: nil, cancelled: CancelFlag())
        return file + Array(mark.utf8) + [UInt8](repeating: 7, count: padding)
    }
}
