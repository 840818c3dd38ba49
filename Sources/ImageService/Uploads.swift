import Admission
import ImageCache
import ImageCodecs
import ImageModel
public import NIOCore
import ObjectStorage
import TaskSupport

/// The bytes of an upload, pulled as they are wanted; nil at their end. Errors are the client's.
public typealias UploadBody = () async throws -> ByteBuffer?

/// What an upload has made.
public struct UploadedImage: Sendable {
    public var image: StoredImage
    /// Whether the path had no picture before, by a look taken while the body came.
    public var isNew: Bool
}

/// Takes pictures in: body, judgement, write. Nothing of a refused or broken-off upload remains.
struct Uploads: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let commit: Commit
    let budget: UploadBudget<Requester>
    /// Whole uploads whose metadata are dropped.
    let rewriting: ByteBudget<Requester>
    let workers: CodecWorkers
    let derived: DerivedObjects
    let limits: UploadLimits

    /// Stores the picture that `body` holds.
    ///
    /// - Parameters:
    ///   - declared: how long the body is, where that is known.
    ///   - requester: whose share of the memory it takes.
    func upload(
        to target: UploadTarget, condition: WriteCondition, declared: Int64? = nil, for requester: Requester,
        body: UploadBody
    ) async throws(ServiceError) -> UploadedImage {
        // What can be refused without reading the body is refused first.
        var mode = PutMode.overwrite
        var looking: Task<Result<Before, StorageError>, Never>?
        switch (target, condition) {
        case (.made, _):
            _ = try target.path(for: .webp)
        case (.fixed(let path), .always):
            // To say 200 or 201, and to know the version that is replaced: the look is taken while the body comes.
            looking = Task(executorPreference: TaskHome.executor) { await look(path) }
        case (.fixed(let path), _):
            let look = await look(path)
            mode = try condition.mode(given: try found(look).etag)
            looking = Task { look }
        }
        defer { looking?.cancel() }

        let id = WriteID.random()
        let sent =
            switch limits.metadata {
            case .keep: try await receive(target, id: id, for: requester, body)
            case .dropLocation, .dropAll:
                try await receiveWhole(target, id: id, declared: declared, for: requester, body)
            }
        defer {
            sent.lease.release()
            sent.room?.release()
        }
        do throws(ServiceError) {
            let path = try target.path(for: sent.info.format)
            // Before the write: a look that is late would see what this upload has written.
            var before = try await settled(looking, path, sent)
            let image: StoredImage
            do throws(ServiceError) {
                if before == .unknown, case .whole = sent.bytes, storage.capabilities.conditionalPut {
                    (image, before) = try await commitToTell(sent, to: path, id: id)
                } else {
                    image = try await commit(
                        sent, to: path, mode: mode, condition: condition, id: id, before: before)
                }
            } catch {
                if before != .nothing { derived.removeIfWritten(path.key, error) }
                throw error
            }
            if before != .nothing { derived.removeAll(of: path.key, but: image.etag) }
            return UploadedImage(image: image, isNew: before == .nothing)
        } catch {
            // Of no consequence where it has been completed and the store's answer was lost.
            if case .parts(let upload) = sent.bytes { await upload.abort() }
            throw error
        }
    }

    /// What a path had before a write.
    private enum Before: Sendable, Equatable {
        case nothing
        case version(ETag)
        /// The store does not let us look.
        case unknown

        var etag: ETag? {
            if case .version(let etag) = self { etag } else { nil }
        }
    }

    private func settled(
        _ looking: Task<Result<Before, StorageError>, Never>?, _ path: ImagePath, _ sent: Sent
    ) async throws(ServiceError) -> Before {
        guard let looking else { return .nothing }
        let first = await looking.value
        guard case .failure(let error) = first else { return try found(first) }
        if error.isOutage {
            // The store may have been away for a moment only, and the parts are with it by now. Where it has just let a
            // whole operation time out and nothing is lost but the client's patience, it is not waited for again.
            if case .whole = sent.bytes, error.code == .timedOut { throw ServiceError(error) }
            return try found(await look(path))
        }
        return await listed(path)
    }

    private func found(_ look: Result<Before, StorageError>) throws(ServiceError) -> Before {
        do {
            return try look.get()
        } catch {
            throw ServiceError(error)
        }
    }

    private func look(_ path: ImagePath) async -> Result<Before, StorageError> {
        do throws(StorageError) {
            return .success(.version(try await storage.head(path.key).etag))
        } catch {
            return error.code == .notFound ? .success(.nothing) : .failure(error)
        }
    }

    /// The same by another question, where the store refuses the first one: a right may be missing, and S3 answers 403
    /// for what is not there to who may not list.
    private func listed(_ path: ImagePath) async -> Before {
        guard let page = try? await storage.list(ListRequest(prefix: path.key.bytes, limit: 1)) else { return .unknown }
        if let item = page.items.first(where: { $0.key == path.key }) { return .version(item.etag) }
        // In byte order it would be the first.
        return page.cursor == nil || storage.capabilities.listsInByteOrder ? .nothing : .unknown
    }

    // MARK: The write

    /// Writes where only the write itself tells whether it takes anything's place.
    private func commitToTell(
        _ sent: Sent, to path: ImagePath, id: WriteID
    ) async throws(ServiceError) -> (StoredImage, Before) {
        do throws(ServiceError) {
            let image = try await commit(
                sent, to: path, mode: .createOnly, condition: .createOnly, id: id, before: .nothing)
            return (image, .nothing)
        } catch {
            switch error {
            case .preconditionFailed: break
            // The store may refuse the condition alone.
            case .storage(let error) where !error.mayHaveHappened && error.code != .full: break
            default: throw error
            }
        }
        let image = try await commit(
            sent, to: path, mode: .overwrite, condition: .always, id: id, before: .unknown)
        return (image, .unknown)
    }

    /// So often a write is begun anew.
    private static let maximumAttempts = 4

    private func commit(
        _ sent: Sent, to path: ImagePath, mode: PutMode, condition: WriteCondition, id: WriteID, before: Before
    ) async throws(ServiceError) -> StoredImage {
        let clock = commit.clock
        let start = clock.now()
        var mode = mode
        var first: StorageError?
        for attempt in 1... {
            switch await write(sent, to: path, mode: mode, id: id) {
            case .done(let put):
                return await StoredImage.afterWrite(
                    of: path, put: put, image: sent.info, size: sent.size, storage: storage, cache: cache,
                    clock: clock)
            case .seen(let object):
                return await StoredImage.found(object, after: id, of: sent.info, storage: storage)
            case .notDone(let error, let found):
                // A second try of a plain write is no plain write: what it meets says nothing to the client.
                let cause = first ?? error
                let isOneMore = attempt < Self.maximumAttempts && clock.now() < start + commit.timeout
                guard isOneMore,
                    let next = modeOfNextTry(sent, mode, condition, after: error, before: before, found: found)
                else { throw ServiceError(cause) }
                if mode == .overwrite { first = error }
                mode = next
            case .failed(let error):
                throw ServiceError(first ?? error)
            }
        }
        throw .cancelled
    }

    /// How the write may be tried once more; nil where it must not.
    private func modeOfNextTry(
        _ sent: Sent, _ mode: PutMode, _ condition: WriteCondition, after error: StorageError, before: Before,
        found: ObjectInfo?
    ) -> PutMode? {
        switch condition {
        case .exists:
            // `If-Match: *` takes any version. Where ours may have happened, this one has perhaps come after it.
            guard error.code == .preconditionFailed || error.code == .conflict, !error.mayHaveHappened else {
                return nil
            }
            return found.map { .replace($0.etag) }
        case .always:
            // The answer was lost, and the store has not acted. Only over what was there before: where another write
            // has come, ours may have happened just before it, and would undo it now.
            guard case .whole = sent.bytes, mode == .overwrite, error.mayHaveHappened, before != .unknown,
                found?.etag == before.etag
            else { return nil }
            return before.etag.map { .replace($0) } ?? .createOnly
        case .createOnly, .matches: return nil
        }
    }

    private func write(_ sent: Sent, to path: ImagePath, mode: PutMode, id: WriteID) async -> Commit.Outcome {
        switch sent.bytes {
        case .whole(let bytes):
            let options = PutOptions(
                mode: mode, contentType: sent.info.format.capabilities.mediaType,
                metadata: ImageRecord(image: sent.info, writes: [id]).metadata)
            return await commit.perform(path.key, ids: [id], isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                try await storage.put(path.key, bytes: bytes, options: options)
            }
        case .parts(let upload):
            return await commit.perform(path.key, ids: [id], isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                try await upload.complete(mode: mode)
            }
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
        var lease: UploadBudget<Requester>.Lease
        /// Holds the room of a file that is longer than a part and in memory all the same.
        var room: ByteBudget<Requester>.Reservation?
    }

    private func receive(
        _ target: UploadTarget, id: WriteID, for requester: Requester, _ body: UploadBody
    ) async throws(ServiceError) -> Sent {
        var receiver = UploadReceiver(limits: limits, partSize: storage.capabilities.partSize)
        var lease = budget.open(for: requester)
        let sender = PartSender()
        do throws(ServiceError) {
            while var chunk = try await next(body) {
                while chunk.readableBytes > 0 {
                    if receiver.isPartFull {
                        // There is more than one part: this one can go on its way while the next one comes.
                        if !sender.hasBegun, let header = receiver.header {
                            sender.begin(try await begin(target, header, .ofHeader(header, write: id)))
                        }
                        try await sender.send(receiver.takePart(), lease)
                        lease = budget.open(for: requester)
                    }
                    try await grow(lease, receiver.pendingBytes + chunk.readableBytes)
                    try receiver.take(&chunk)
                    try await receiver.readHeader()
                }
            }
            let info = try await receiver.finish()
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

    /// Metadata are dropped from a whole file. One that is longer than a part is held in memory too, where room for all
    /// of it is taken at once, before its first byte or as soon as it shows that it is: so two uploads never wait for each
    /// other with half of it.
    private func receiveWhole(
        _ target: UploadTarget, id: WriteID, declared: Int64?, for requester: Requester, _ body: UploadBody
    ) async throws(ServiceError) -> Sent {
        let partSize = storage.capabilities.partSize
        var receiver = UploadReceiver(limits: limits, partSize: .max)
        let lease = budget.open(for: requester)
        let longest = Int(clamping: min(declared ?? limits.maximumBytes, limits.maximumBytes))
        var room: ByteBudget<Requester>.Reservation?
        if declared != nil, longest > partSize {
            room = try await admitWhole(longest, for: requester)
            receiver.reserve(longest)
        }
        while var chunk = try await next(body) {
            let wanted = receiver.pendingBytes + chunk.readableBytes
            if room == nil, wanted <= partSize {
                try await grow(lease, wanted)
            } else if room == nil {
                room = try await admitWhole(max(longest, wanted), for: requester)
                receiver.reserve(max(longest, wanted))
                lease.release()
            }
            try receiver.take(&chunk)
            try await receiver.readHeader()
        }
        let found = try await receiver.finish()
        let file = receiver.takePart()
        let (policy, codec) = (limits.metadata, limits.codec)
        // The new file as it is made and as it is kept, and the pieces it is made of.
        let rewritten = try await workers.run(
            bytes: 3 * file.readableBytes + 1 << 20, in: nil, use: "Changing this file's metadata"
        ) { _ -> Rewritten? in
            let info = try ImageHeader.read(file.readableBytesSpan, limits: codec)
            let changed = try policy.apply(to: file.readableBytesSpan, info: info, limits: codec)
            guard let bytes = changed else { return nil }
            let header = try ImageHeader.read(bytes.span.bytes, limits: codec)
            return Rewritten(bytes: ByteBuffer(bytes: bytes), info: header)
        }
        let bytes = rewritten?.bytes ?? file
        var sent = Sent(
            bytes: .whole(bytes), info: rewritten?.info ?? found, size: Int64(bytes.readableBytes), lease: lease,
            room: room)
        if bytes.readableBytes > partSize {
            sent.bytes = .parts(try await sendParts(of: bytes, target, sent.info, id: id, for: requester))
        }
        return sent
    }

    /// Each part has the store's whole patience, where one write of everything would have it once.
    private func sendParts(
        of file: ByteBuffer, _ target: UploadTarget, _ info: ImageInfo, id: WriteID, for requester: Requester
    ) async throws(ServiceError) -> any MultipartUpload {
        let sender = PartSender()
        do throws(ServiceError) {
            sender.begin(try await begin(target, info, ImageRecord(image: info, writes: [id])))
            var rest = file
            while rest.readableBytes > 0 {
                let part = rest.readSlice(length: min(storage.capabilities.partSize, rest.readableBytes))
                // Its bytes are counted where all of the file's are.
                if let part { try await sender.send(part, budget.open(for: requester)) }
            }
            return try await sender.finish()
        } catch {
            await sender.abort()
            throw error
        }
    }

    /// A file without what the policy drops.
    private struct Rewritten: Sendable {
        var bytes: ByteBuffer
        var info: ImageInfo
    }

    private func admitWhole(
        _ bytes: Int, for requester: Requester
    ) async throws(ServiceError) -> ByteBudget<Requester>.Reservation {
        do {
            return try await rewriting.acquire(bytes, for: requester, deadline: commit.clock.now() + Self.patience)
        } catch .exceedsBudget(let limit) {
            throw .beyondLimit(
                "Dropping metadata takes this upload into memory: it may have \(bytes) bytes; at most \(limit) fit.")
        } catch {
            throw ServiceError(error)
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

    /// An upload waits for memory no longer than this: by then every client that stalled has been cut several times over.
    private static let patience = Duration.seconds(180)

    /// Buffers grow in powers of two, so that is what is counted.
    private func grow(_ lease: UploadBudget<Requester>.Lease, _ bytes: Int) async throws(ServiceError) {
        let wanted = min(bytes, storage.capabilities.partSize)
        let capacity = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        do {
            try await lease.grow(
                to: min(max(capacity, wanted), budget.partBytes), deadline: commit.clock.now() + Self.patience)
        } catch {
            throw ServiceError(error)
        }
    }

    private func begin(
        _ target: UploadTarget, _ info: ImageInfo, _ record: ImageRecord
    ) async throws(ServiceError) -> any MultipartUpload {
        let path = try target.path(for: info.format)
        let options = UploadOptions(
            contentType: info.format.capabilities.mediaType, metadata: record.metadata)
        do {
            return try await storage.beginUpload(path.key, options: options)
        } catch {
            throw ServiceError(error)
        }
    }
}
