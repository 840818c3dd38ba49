import Admission
import ImageModel
public import NIOCore
import ObjectStorage

/// The bytes of an upload, pulled as they are wanted; nil at their end. Errors are the client's.
public typealias UploadBody = () async throws -> ByteBuffer?

/// What an upload has made.
public struct UploadedImage: Sendable {
    public var image: StoredImage
    /// Whether the path had no picture before, by a look taken while the body came.
    public var isNew: Bool
}

/// Where an upload goes.
enum UploadTarget: Sendable {
    case fixed(ImagePath)
    /// This name, made once, and the extension of the format, which only the bytes tell.
    case made(stem: [UInt8])

    /// 128 random bits behind a prefix.
    static func random(behind prefix: [UInt8]) -> UploadTarget {
        .made(stem: prefix + Array(Base32.encode(.random(in: .min ... .max)).utf8))
    }

    func path(for format: ImageFormat) throws(ServiceError) -> ImagePath {
        switch self {
        case .fixed(let path): return path
        case .made(let stem):
            do {
                return try ImagePath(stem + Array(".\(format.capabilities.fileExtension)".utf8))
            } catch {
                throw .badPath(error)
            }
        }
    }
}

/// Takes pictures in: body, judgement, write. Nothing of a refused or broken-off upload remains.
struct Uploads: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let budget: UploadBudget
    let limits: UploadLimits

    /// Stores the picture that `body` holds.
    func upload(
        to target: UploadTarget, condition: WriteCondition, body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        // What can be refused without reading the body is refused first.
        var mode = PutMode.overwrite
        var looking: Task<Result<Bool, StorageError>, Never>?
        switch (target, condition) {
        case (.made, _):
            _ = try target.path(for: .webp)
        case (.fixed(let path), .always):
            // Only to say 200 or 201: the look is taken while the body comes.
            looking = Task { await exists(path) }
        case (.fixed(let path), _):
            let found = try await look(path)
            mode = try condition.mode(given: found)
            looking = Task { .success(found != nil) }
        }
        defer { looking?.cancel() }

        let id = WriteID.random()
        let sent = try await receive(target, id: id, body)
        let path = try target.path(for: sent.info.format)
        // Before the write: a look that is late would see what this upload has written. Where it found the store away,
        // the write would only wait for it once more.
        let existed: Bool
        do {
            existed = try await looking?.value.get() ?? false
        } catch {
            if case .parts(let upload) = sent.bytes { await upload.abort() }
            throw ServiceError(error)
        }
        switch await commit(sent, to: path, mode: mode, id: id) {
        case .done(let etag):
            let stored = await StoredImage.afterWrite(
                of: path, etag: etag, image: sent.info, size: sent.size, storage: storage, cache: cache)
            return UploadedImage(image: stored, isNew: !existed)
        case .notDone(let error, _), .failed(let error): throw ServiceError(error)
        }
    }

    private func commit(_ sent: Sent, to path: ImagePath, mode: PutMode, id: WriteID) async -> Commit.Outcome {
        let commit = Commit(storage: storage, cache: cache)
        switch sent.bytes {
        case .whole(let bytes):
            let options = PutOptions(
                mode: mode, contentType: sent.info.format.capabilities.mediaType,
                metadata: ImageRecord(image: sent.info, writes: [id]).metadata)
            return await commit.perform(path.key, id: id, isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                defer { sent.lease.release() }
                return try await storage.put(path.key, bytes: bytes, options: options)
            }
        case .parts(let upload):
            return await commit.perform(path.key, id: id, isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                do throws(StorageError) {
                    return try await upload.complete(mode: mode)
                } catch {
                    await upload.abort()
                    throw error
                }
            }
        }
    }

    private func exists(_ path: ImagePath) async -> Result<Bool, StorageError> {
        do throws(StorageError) {
            _ = try await storage.head(path.key)
            return .success(true)
        } catch {
            return error.isOutage ? .failure(error) : .success(false)
        }
    }

    private func look(_ path: ImagePath) async throws(ServiceError) -> ETag? {
        do throws(StorageError) {
            return try await storage.head(path.key).etag
        } catch  where error.code == .notFound {
            return nil
        } catch {
            throw ServiceError(error)
        }
    }

    // MARK: The body

    /// A body that has come whole and is a sound picture.
    private struct Sent: Sendable {
        enum Bytes: Sendable {
            /// In memory, to be written in one step.
            case whole(ByteBuffer)
            /// With the store, in parts that are not visible yet.
            case parts(any MultipartUpload)
        }

        var bytes: Bytes
        var info: ImageInfo
        var size: Int64
        /// Holds the budget for bytes that are still in memory.
        var lease: UploadBudget.Lease
    }

    private func receive(_ target: UploadTarget, id: WriteID, _ body: UploadBody) async throws(ServiceError) -> Sent {
        var receiver = UploadReceiver(limits: limits, partSize: storage.capabilities.partSize)
        var lease = budget.open()
        let sender = PartSender()
        do throws(ServiceError) {
            while var chunk = try await next(body) {
                while chunk.readableBytes > 0 {
                    if receiver.isPartFull {
                        // There is more than one part: this one can go on its way while the next one comes.
                        if !sender.hasBegun, let header = receiver.header {
                            sender.begin(try await begin(target, id: id, header))
                        }
                        try await sender.send(receiver.takePart(), lease)
                        lease = budget.open()
                    }
                    try await grow(lease, receiver.pendingBytes + chunk.readableBytes)
                    try receiver.take(&chunk)
                }
            }
            let info = try receiver.finish()
            guard sender.hasBegun else {
                return Sent(bytes: .whole(receiver.takePart()), info: info, size: receiver.bytes, lease: lease)
            }
            try await sender.send(receiver.takePart(), lease)
            let upload = try await sender.finish()
            return Sent(bytes: .parts(upload), info: info, size: receiver.bytes, lease: lease)
        } catch {
            await sender.abort()
            throw error
        }
    }

    private func next(_ body: UploadBody) async throws(ServiceError) -> ByteBuffer? {
        do {
            return try await body()
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .body(error)
        }
    }

    /// Buffers grow in powers of two, so that is what is counted.
    private func grow(_ lease: UploadBudget.Lease, _ bytes: Int) async throws(ServiceError) {
        let wanted = min(bytes, storage.capabilities.partSize)
        let capacity = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        do {
            try await lease.grow(to: min(max(capacity, wanted), budget.partBytes))
        } catch {
            throw .cancelled
        }
    }

    private func begin(
        _ target: UploadTarget, id: WriteID, _ header: ImageInfo
    ) async throws(ServiceError) -> any MultipartUpload {
        let path = try target.path(for: header.format)
        let options = UploadOptions(
            contentType: header.format.capabilities.mediaType,
            metadata: ImageRecord(image: header, writes: [id]).metadata)
        do {
            return try await storage.beginUpload(path.key, options: options)
        } catch {
            throw ServiceError(error)
        }
    }
}

/// Sends the parts of one upload, one at a time, while the next one is being received.
private final class PartSender {
    private var upload: (any MultipartUpload)?
    private var inFlight: Task<StorageError?, Never>?

    var hasBegun: Bool { upload != nil }

    func begin(_ upload: any MultipartUpload) {
        self.upload = upload
    }

    /// Begins to send this part once the one before is with the store. `lease` is held until this one is, too.
    func send(_ part: ByteBuffer, _ lease: UploadBudget.Lease) async throws(ServiceError) {
        try await settle()
        guard part.readableBytes > 0, let upload else { return lease.release() }
        inFlight = Task {
            defer { lease.release() }
            do throws(StorageError) {
                try await upload.uploadPart(part)
                return nil
            } catch {
                return error
            }
        }
    }

    /// The upload with all its parts sent, to be completed or aborted by the caller.
    func finish() async throws(ServiceError) -> any MultipartUpload {
        try await settle()
        guard let upload else { throw .cancelled }
        self.upload = nil
        return upload
    }

    /// Gives up what has begun.
    func abort() async {
        inFlight?.cancel()
        _ = await inFlight?.value
        await upload?.abort()
    }

    private func settle() async throws(ServiceError) {
        guard let task = inFlight else { return }
        let error = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        inFlight = nil
        if let error { throw ServiceError(error) }
    }
}
