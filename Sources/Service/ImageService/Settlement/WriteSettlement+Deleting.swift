import ImageCache
import ObjectStorage
import TaskSupport

extension WriteSettlement {
    /// Deletes the object, even if the client leaves meanwhile. A delete has no id. It needs none: if the object is
    /// gone, that is the wanted result, whether an earlier try of ours with a lost answer or another client has deleted
    /// it.
    ///
    /// - Parameter etag: deletes only this version; nil: any.
    /// - Returns: why it is not known to be gone; nil if it is.
    func delete(_ key: ObjectKey, ifMatch etag: ETag?) async -> StorageError? {
        await Task {
            cache.invalidate(key)
            defer { cache.invalidate(key) }
            do throws(StorageError) {
                try await storage.delete(key, ifMatch: etag)
                return nil
            } catch {
                return error.code == .notFound ? nil : error
            }
        }.value
    }
}
