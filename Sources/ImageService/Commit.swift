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

    /// A store that has just let a whole operation time out is not waited for as long again.
    private static let patience = Duration.seconds(2)

    /// Performs `write`, which bears `id`, and settles it.
    ///
    /// - Parameter isConditional: whether what became of it must be found out. A plain write that failed has failed: to
    ///   do it again is the client's right, and changes nothing.
    func perform(
        _ key: ObjectKey, id: WriteID, isConditional: Bool,
        _ write: @escaping @Sendable () async throws(StorageError) -> PutResult
    ) async -> Outcome {
        // In a task of its own: once begun, a write goes on to its end, whoever leaves.
        await Task {
            cache.invalidate(key)
            defer { cache.invalidate(key) }
            do throws(StorageError) {
                return .done(try await write().etag)
            } catch {
                guard isConditional else { return .failed(error) }
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
            let found = try await look(key, patience: error.code == .timedOut ? Self.patience : nil)
            if ImageRecord(found.metadata).writes.contains(id) { return .done(found.etag) }
            return .notDone(lost, found: found)
        } catch  where error.code == .notFound {
            return .notDone(lost, found: nil)
        } catch {
            return .failed(lost)
        }
    }

    private func look(_ key: ObjectKey, patience: Duration?) async throws(StorageError) -> ObjectInfo {
        let looking = Task { () -> Result<ObjectInfo, StorageError> in
            do throws(StorageError) {
                return .success(try await storage.head(key))
            } catch {
                return .failure(error)
            }
        }
        let timer = Task {
            guard let patience else { return }
            try await Task.sleep(for: patience)
            looking.cancel()
        }
        defer { timer.cancel() }
        return try await looking.value.get()
    }
}
