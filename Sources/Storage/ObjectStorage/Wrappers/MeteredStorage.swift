public import Logging
public import Metrics
public import NIOCore

/// Another store, with its calls counted and timed:
/// - `tintype_storage_requests_total{operation,outcome}`: outcome is `ok` or a ``StorageError/Code``. A body counts
///   once more when it ends or breaks off, under the operation `read`.
/// - `tintype_storage_request_duration_seconds{operation}`: until the call ends, which for a get is its first answer.
/// - `tintype_storage_bytes_total{direction}`: `read` and `written`, from the caller's side.
///
/// Errors are logged at debug level; the caller knows whether one matters to the operator.
public struct MeteredStorage: ObjectStorage {
    private let base: any ObjectStorage
    private let meter: StorageMeter

    /// - Parameters:
    ///   - base: the store that does the work.
    ///   - logger: for errors.
    ///   - factory: makes the counters and timers.
    ///   - uptime: nanoseconds on a monotonic clock.
    public init(
        _ base: any ObjectStorage, logger: Logger, factory: any MetricsFactory = MetricsSystem.factory,
        uptime: @escaping @Sendable () -> UInt64 = { NIODeadline.now().uptimeNanoseconds }
    ) {
        self.base = base
        self.meter = StorageMeter(logger: logger, factory: factory, uptime: uptime)
    }

    /// Those of the store that does the work.
    public var capabilities: StorageCapabilities { base.capabilities }

    /// Counts the call until its first answer, and the body again when it ends.
    public func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        var result = try await meter.measure(.get) { () throws(StorageError) in
            try await base.get(key, options: options)
        }
        result.body = meter.measured(result.body)
        return result
    }

    /// Counts and times the call.
    public func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await meter.measure(.head) { () throws(StorageError) in try await base.head(key) }
    }

    /// Counts and times the call; after a success, the bytes too.
    public func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions
    ) async throws(StorageError) -> PutResult {
        let result = try await meter.measure(.put) { () throws(StorageError) in
            try await base.put(key, bytes: bytes, options: options)
        }
        meter.countWritten(bytes.readableBytes)
        return result
    }

    /// Counts and times the call, and later each part, the completion and the abort.
    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        let upload = try await meter.measure(.beginUpload) { () throws(StorageError) in
            try await base.beginUpload(key, options: options)
        }
        return MeteredUpload(base: upload, meter: meter)
    }

    /// Counts and times the call.
    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await meter.measure(.delete) { () throws(StorageError) in try await base.delete(key, ifMatch: ifMatch) }
    }

    /// Counts and times the call.
    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await meter.measure(.list) { () throws(StorageError) in try await base.list(request) }
    }

    /// Counts and times the call.
    public func checkAvailability() async throws(StorageError) {
        try await meter.measure(.checkAvailability) { () throws(StorageError) in try await base.checkAvailability() }
    }
}

private final class MeteredUpload: MultipartUpload {
    private let base: any MultipartUpload
    private let meter: StorageMeter

    init(base: any MultipartUpload, meter: StorageMeter) {
        self.base = base
        self.meter = meter
    }

    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError) {
        try await meter.measure(.uploadPart) { () throws(StorageError) in
            try await base.uploadPart(bytes, number: number)
        }
        meter.countWritten(bytes.readableBytes)
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        try await meter.measure(.completeUpload) { () throws(StorageError) in try await base.complete(mode: mode) }
    }

    func abort() async {
        // Never throws; the store itself reports what it could not remove.
        do {
            try await meter.measure(.abortUpload) { () throws(StorageError) in await base.abort() }
        } catch {
            assertionFailure("abort threw \(error)")
        }
    }
}
