import ObjectStorage

/// Deletes stored pictures, and what was derived from them.
struct Deletion: Sendable {
    let storage: any ObjectStorage
    let settlement: WriteSettlement
    let derived: DerivedObjects

    /// - Returns: the version that was there just before.
    func delete(_ path: ImagePath, condition: WriteCondition) async throws(ServiceError) -> String {
        let found: ObjectInfo
        do {
            found = try await storage.head(path.key)
        } catch {
            // An earlier delete with a lost answer may have left them.
            if error.code == .notFound { derived.removeAll(of: path.key, but: nil, isCertain: false) }
            throw ServiceError(error)
        }
        // `If-Match: *` accepts any version, whichever is there by now.
        var version: ETag?
        if case .replace(let etag) = try condition.mode(given: found.etag), condition != .exists { version = etag }
        if let error = await settlement.delete(path.key, ifMatch: version) {
            if error.mayHaveHappened { derived.removeAll(of: path.key, but: nil) }
            throw ServiceError(error)
        }
        derived.removeAll(of: path.key, but: nil)
        return StoredImage.version(of: found.etag)
    }
}
