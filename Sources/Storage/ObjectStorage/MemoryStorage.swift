import NIOConcurrencyHelpers
public import NIOCore
public import TextCoding

/// Objects in memory, for tests. It gives every guarantee of ``ObjectStorage`` except durability after the process
/// ends. As in S3, a key may be a prefix of others.
public final class MemoryStorage: ObjectStorage {
    private struct Object {
        var bytes: ByteBuffer
        var info: ObjectInfo
    }

    private struct State {
        var objects: [ObjectKey: Object] = [:]
        /// The number of the last write: every write makes a new version.
        var version: UInt64 = 0
    }

    /// Everything is supported, within this process.
    public let capabilities: StorageCapabilities
    private let state = NIOLockedValueBox(State())
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - partSize: bytes in a part of an upload, at least 1.
    ///   - now: the clock, for `lastModified`.
    public init(partSize: Int = 8 << 20, now: @escaping @Sendable () -> Timestamp = { .now }) {
        self.capabilities = StorageCapabilities(partSize: partSize)
        self.now = now
    }

    /// The body is a slice of the stored bytes, not a copy.
    public func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        let object = try object(key, during: .get)
        let range: Range<Int64>
        do {
            range = try options.bytes(of: object.info)
        } catch {
            throw error.storageError(during: .get)
        }
        let slice = object.bytes.getSlice(
            at: object.bytes.readerIndex + Int(range.lowerBound), length: range.count
        )
        return GetResult(info: object.info, range: range, body: ObjectBody(slice ?? ByteBuffer()))
    }

    /// Looks the key up.
    public func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try object(key, during: .head).info
    }

    private func object(_ key: ObjectKey, during operation: StorageError.Operation) throws(StorageError) -> Object {
        try checkCancellation(during: operation)
        guard let object = state.withLockedValue({ $0.objects[key] }) else {
            throw StorageError(.notFound, during: operation)
        }
        return object
    }

    private func checkCancellation(during operation: StorageError.Operation) throws(StorageError) {
        if Task.isCancelled { throw StorageError(.cancelled, during: operation) }
    }

    /// Stores the buffer itself, not a copy. Carries the metadata of other programs if asked to.
    public func put(
        _ key: ObjectKey, bytes: ByteBuffer, options: PutOptions
    ) async throws(StorageError) -> PutResult {
        let carried = options.carrying?.metadata.foreign ?? [:]
        let upload = UploadOptions(
            contentType: options.contentType, metadata: options.metadata.merging(carried) { own, _ in own })
        return try store(bytes, at: key, options: upload, mode: options.mode, during: .put)
    }

    fileprivate func store(
        _ bytes: ByteBuffer, at key: ObjectKey, options: UploadOptions, mode: PutMode,
        during operation: StorageError.Operation
    ) throws(StorageError) -> PutResult {
        try checkCancellation(during: operation)
        let time = now()
        let result = state.withLockedValue { state -> PutResult? in
            let current = state.objects[key]?.info.etag
            switch mode {
            case .overwrite: break
            case .createOnly: if current != nil { return nil }
            case .replace(let expected): if current != expected { return nil }
            }
            state.version += 1
            let info = ObjectInfo(
                key: key, size: Int64(bytes.readableBytes), etag: ETag(opaque: "memory-\(state.version)"),
                lastModified: time, contentType: options.contentType, metadata: options.metadata,
                hasBoundMetadata: true
            )
            state.objects[key] = Object(bytes: bytes, info: info)
            return PutResult(etag: info.etag)
        }
        guard let result else { throw StorageError(.preconditionFailed, during: operation) }
        return result
    }

    /// Collects the parts in memory until the upload is completed.
    public func beginUpload(
        _ key: ObjectKey, options: UploadOptions
    ) async throws(StorageError) -> any MultipartUpload {
        try checkCancellation(during: .beginUpload)
        return MemoryUpload(key: key, options: options, storage: self)
    }

    /// Removes the object; its bytes stay with those who read them.
    public func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try checkCancellation(during: .delete)
        let code = state.withLockedValue { state -> StorageError.Code? in
            if let ifMatch {
                guard let current = state.objects[key]?.info.etag else { return .notFound }
                if current != ifMatch { return .preconditionFailed }
            }
            state.objects[key] = nil
            return nil
        }
        if let code { throw StorageError(code, during: .delete) }
    }

    /// Sorts all keys that have the prefix, for every page.
    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try checkCancellation(during: .list)
        let after: [UInt8]
        do {
            after = try ListCursor.position(of: request)
        } catch {
            throw error.storageError(during: .list)
        }
        let keys = state.withLockedValue { $0.objects.keys.filter { $0.hasPrefix(request.prefix) } }
        var page = ListPage()
        var last: [UInt8] = after
        for key in keys.sorted() {
            var entry = key.bytes
            if let delimiter = request.delimiter,
                let end = entry[request.prefix.count...].firstIndex(of: delimiter)
            {
                entry = Array(entry[...end])
            }
            guard last.lexicographicallyPrecedes(entry) else { continue }
            if page.items.count + page.prefixes.count == request.pageSize {
                page.cursor = ListCursor.text(behind: last)
                break
            }
            last = entry
            if entry.count < key.bytes.count || key.bytes.last == request.delimiter {
                page.prefixes.append(entry)
            } else if var info = state.withLockedValue({ $0.objects[key]?.info }) {
                info.contentType = nil
                info.metadata = [:]
                page.items.append(info)
            }
        }
        return page
    }

    /// Always available; throws only if the task is cancelled.
    public func checkAvailability() async throws(StorageError) {
        try checkCancellation(during: .checkAvailability)
    }
}

private final class MemoryUpload: MultipartUpload {
    private let key: ObjectKey
    private let options: UploadOptions
    private let storage: MemoryStorage
    /// By number; nil after the upload has ended.
    private let parts = NIOLockedValueBox<[Int: ByteBuffer]?>([:])

    init(key: ObjectKey, options: UploadOptions, storage: MemoryStorage) {
        self.key = key
        self.options = options
        self.storage = storage
    }

    func uploadPart(_ part: ByteBuffer, number: Int) async throws(StorageError) {
        guard part.readableBytes > 0 else { throw StorageError(.unsupported, during: .uploadPart) }
        let isOpen = parts.withLockedValue { parts in
            parts?[number] = part
            return parts != nil
        }
        if !isOpen { throw StorageError(.notFound, during: .uploadPart) }
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        guard let parts = parts.withLockedValue({ $0 }) else {
            throw StorageError(.notFound, during: .completeUpload)
        }
        guard let last = parts.keys.max(), parts.count == last else {
            throw StorageError(.unsupported, during: .completeUpload)
        }
        var whole = ByteBuffer()
        for (_, part) in parts.sorted(by: { $0.key < $1.key }) { whole.writeImmutableBuffer(part) }
        let result = try storage.store(whole, at: key, options: options, mode: mode, during: .completeUpload)
        self.parts.withLockedValue { $0 = nil }
        return result
    }

    func abort() async {
        parts.withLockedValue { $0 = nil }
    }
}
