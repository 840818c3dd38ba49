import ObjectStorage

/// What a path had before a write.
enum PriorVersion: Sendable, Equatable {
    case nothing
    case version(ETag)
    /// The store does not allow the look.
    case unknown

    var etag: ETag? {
        if case .version(let etag) = self { etag } else { nil }
    }
}

/// Finds out what a path has before it is written: whether the answer is 200 or 201, and which version is replaced.
struct PriorVersionLookup: Sendable {
    let storage: any ObjectStorage

    /// One HEAD of the path.
    func head(_ path: ImagePath) async -> Result<PriorVersion, StorageError> {
        do throws(StorageError) {
            return .success(.version(try await storage.head(path.key).etag))
        } catch {
            return error.code == .notFound ? .success(.nothing) : .failure(error)
        }
    }

    /// The result of the first look; if that failed, what can be found out in another way.
    ///
    /// - Parameter isInMemory: whether the whole upload is still in memory, so that nothing is lost if the client sends
    ///   it again.
    func version(
        after first: Result<PriorVersion, StorageError>, _ path: ImagePath, isInMemory: Bool
    ) async throws(ServiceError) -> PriorVersion {
        guard case .failure(let error) = first else { return try Self.value(first) }
        if error.isOutage {
            // The store may have been away only for a moment, and it has the parts by now. But if a whole operation has
            // just timed out and nothing is lost but the client's time, there is no second wait.
            if isInMemory, error.code == .timedOut { throw ServiceError(error) }
            return try Self.value(await head(path))
        }
        return await list(path)
    }

    static func value(_ look: Result<PriorVersion, StorageError>) throws(ServiceError) -> PriorVersion {
        do {
            return try look.get()
        } catch {
            throw ServiceError(error)
        }
    }

    /// The same with a listing, if the store refuses the HEAD: a right may be missing, and S3 answers 403 for a missing
    /// object to clients that may not list.
    private func list(_ path: ImagePath) async -> PriorVersion {
        guard let page = try? await storage.list(ListRequest(prefix: path.key.bytes, limit: 1)) else { return .unknown }
        if let item = page.items.first(where: { $0.key == path.key }) { return .version(item.etag) }
        // In byte order it would be the first.
        return page.cursor == nil || storage.capabilities.listsInByteOrder ? .nothing : .unknown
    }
}
