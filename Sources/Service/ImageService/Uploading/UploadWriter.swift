import ImageCache
import ImageModel
import NIOCore
import ObjectStorage
import TaskSupport

/// Writes what was received, under the client's condition.
struct UploadWriter: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    let settlement: WriteSettlement

    /// - Parameters:
    ///   - mode: the condition, translated with what the path had before.
    ///   - before: what the path had before.
    /// - Returns: what is stored now, and what it has replaced, which the write itself may have told.
    func write(
        _ upload: ReceivedUpload, to path: ImagePath, mode: PutMode, condition: WriteCondition, id: WriteID,
        before: PriorVersion
    ) async throws(ServiceError) -> (image: StoredImage, before: PriorVersion) {
        if before == .unknown, case .whole = upload.bytes, storage.capabilities.conditionalPut {
            return try await commitToTell(upload, to: path, id: id)
        }
        let image = try await commit(upload, to: path, mode: mode, condition: condition, id: id, before: before)
        return (image, before)
    }

    /// Writes if only the write itself can tell whether it replaces anything.
    private func commitToTell(
        _ upload: ReceivedUpload, to path: ImagePath, id: WriteID
    ) async throws(ServiceError) -> (StoredImage, PriorVersion) {
        do throws(ServiceError) {
            let image = try await commit(
                upload, to: path, mode: .createOnly, condition: .createOnly, id: id, before: .nothing)
            return (image, .nothing)
        } catch {
            switch error {
            case .preconditionFailed: break
            // The store may refuse only the condition.
            case .storage(let error) where !error.mayHaveHappened && error.code != .full: break
            default: throw error
            }
        }
        let image = try await commit(
            upload, to: path, mode: .overwrite, condition: .always, id: id, before: .unknown)
        return (image, .unknown)
    }

    /// How often a write is tried.
    private static let maximumAttempts = 4

    private func commit(
        _ upload: ReceivedUpload, to path: ImagePath, mode: PutMode, condition: WriteCondition, id: WriteID,
        before: PriorVersion
    ) async throws(ServiceError) -> StoredImage {
        let clock = settlement.clock
        let start = clock.now()
        var mode = mode
        var first: StorageError?
        for attempt in 1... {
            switch await write(upload, to: path, mode: mode, id: id) {
            case .done(let put):
                return await StoredImage.afterWrite(
                    of: path, put: put, image: upload.info, size: upload.size, storage: storage, cache: cache,
                    clock: clock)
            case .seen(let object):
                return await StoredImage.found(object, after: id, of: upload.info, storage: storage)
            case .notDone(let error, let found):
                // A retry of a plain write has a condition of our own: its error means nothing to the client.
                let cause = first ?? error
                let isOneMore = attempt < Self.maximumAttempts && clock.now() < start + settlement.timeout
                guard isOneMore,
                    let next = modeOfNextTry(upload, mode, condition, after: error, before: before, found: found)
                else { throw ServiceError(cause) }
                if mode == .overwrite { first = error }
                mode = next
            case .failed(let error):
                throw ServiceError(first ?? error)
            }
        }
        throw .cancelled
    }

    /// How the write may be retried; nil if it must not be.
    private func modeOfNextTry(
        _ upload: ReceivedUpload, _ mode: PutMode, _ condition: WriteCondition, after error: StorageError,
        before: PriorVersion,
        found: ObjectInfo?
    ) -> PutMode? {
        switch condition {
        case .exists:
            // `If-Match: *` accepts any version. If our write may have happened, this one may be newer.
            guard error.code == .preconditionFailed || error.code == .conflict, !error.mayHaveHappened else {
                return nil
            }
            return found.map { .replace($0.etag) }
        case .always:
            // The answer was lost, and the store has not written it. Retry only over what was there before: if another
            // write has come, ours may have happened just before it, and a retry would undo that write.
            guard case .whole = upload.bytes, mode == .overwrite, error.mayHaveHappened, before != .unknown,
                found?.etag == before.etag
            else { return nil }
            return before.etag.map { .replace($0) } ?? .createOnly
        case .createOnly, .matches: return nil
        }
    }

    private func write(_ upload: ReceivedUpload, to path: ImagePath, mode: PutMode, id: WriteID) async
        -> WriteSettlement.Outcome
    {
        switch upload.bytes {
        case .whole(let bytes):
            let options = PutOptions(
                mode: mode, contentType: upload.info.format.capabilities.mediaType,
                metadata: ImageRecord(image: upload.info, writes: [id]).metadata)
            return await settlement.perform(path.key, ids: [id], isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                try await storage.put(path.key, bytes: bytes, options: options)
            }
        case .parts(let parts):
            return await settlement.perform(path.key, ids: [id], isConditional: mode != .overwrite) {
                () async throws(StorageError) in
                try await parts.complete(mode: mode)
            }
        }
    }
}
