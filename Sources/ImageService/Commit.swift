import ImageCache
import ObjectStorage

/// Ends writes: carries the last step to its end though the client leaves, and finds out what became of it where the
/// store's answer was lost.
struct Commit: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache

    enum Outcome: Sendable {
        case done(ETag)
        /// The write is not in the object's list. `found` is what a look has shown; nil where nothing is there.
        case notDone(StorageError, found: ObjectInfo?)
        /// The store failed in a way that a look cannot mend, or the look failed as well.
        case failed(StorageError)
    }

    /// Performs `write`, which bears `id`, and settles it.
    func perform(
        _ key: ObjectKey, id: WriteID, _ write: @escaping @Sendable () async throws(StorageError) -> PutResult
    ) async -> Outcome {
        // In a task of its own: once begun, a write goes on to its end, whoever leaves.
        await Task {
            cache.invalidate(key)
            defer { cache.invalidate(key) }
            do throws(StorageError) {
                return .done(try await write().etag)
            } catch {
                return await settle(key, id: id, after: error)
            }
        }.value
    }

    /// Every id is made once. Where it stands in the object's list, the write has happened, whatever the answer said.
    private func settle(_ key: ObjectKey, id: WriteID, after error: StorageError) async -> Outcome {
        switch error.code {
        case .preconditionFailed, .conflict, .notFound, .unavailable, .timedOut, .badAnswer: break
        case .rangeNotSatisfiable, .invalidKey, .full, .denied, .unsupported, .cancelled: return .failed(error)
        }
        let lost = error
        do throws(StorageError) {
            let found = try await storage.head(key)
            if ImageRecord(found.metadata).writes.contains(id) { return .done(found.etag) }
            return .notDone(lost, found: found)
        } catch  where error.code == .notFound {
            return .notDone(lost, found: nil)
        } catch {
            return .failed(lost)
        }
    }
}
