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

    private func commit(
        _ upload: ReceivedUpload, to path: ImagePath, mode: PutMode, condition: WriteCondition, id: WriteID,
        before: PriorVersion
    ) async throws(ServiceError) -> StoredImage {
        let write = ConditionalWrite(
            key: path.key, id: id, mode: mode, condition: condition, before: before, isRepeatable: upload.isInMemory)
        let outcome = try await settlement.perform(write) { [storage] mode throws(StorageError) in
            switch upload.bytes {
            case .whole(let bytes):
                let options = PutOptions(
                    mode: mode, contentType: upload.info.format.capabilities.mediaType,
                    metadata: ImageRecord(image: upload.info, writes: [id]).metadata)
                return try await storage.put(path.key, bytes: bytes, options: options)
            case .parts(let parts):
                return try await parts.complete(mode: mode)
            }
        }
        switch outcome {
        case .done(let put):
            return await StoredImage.afterWrite(
                of: path, put: put, image: upload.info, size: upload.size, storage: storage, cache: cache,
                clock: settlement.clock)
        case .seen(let object):
            // The store has completed it without our knowing, and keeps a record of it until it is ended. In the
            // background: the object is there, and the client need not wait.
            if case .parts(let parts) = upload.bytes { Task { await parts.abort() } }
            return await StoredImage.found(object, after: id, of: upload.info, storage: storage)
        }
    }
}
