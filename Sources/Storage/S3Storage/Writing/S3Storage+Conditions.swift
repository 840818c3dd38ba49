import NIOHTTP1
import ObjectStorage
import TaskSupport

extension S3Storage {
    /// Runs a write under its condition. If the store supports the condition, its header is sent. Else, or in addition,
    /// the object is checked just before, while no other write of the key runs in this process.
    ///
    /// - Parameter write: gets the headers of the condition and must send them.
    func conditionally<Result>(
        _ key: ObjectKey, mode: PutMode, during operation: StorageError.Operation,
        until deadline: ContinuousClock.Instant,
        _ write: ([(name: String, value: String)]) async throws(S3RequestError) -> Result
    ) async throws(StorageError) -> Result {
        let traits = traits
        let support = traits.support(for: operation)
        // A lost race of CompleteMultipartUpload shows in few probes, and one more question with a large upload costs
        // little: so the check comes first on every store.
        let mustLook = mode != .overwrite && (support != .atomic || operation == .completeUpload)
        let headers = support == .rejected ? [] : mode.headers
        do throws(S3RequestError) {
            let isPlain = mode == .overwrite
            guard !isPlain || !traits.allAtomic else { return try await write(headers) }
            return try await serially(key, alone: !isPlain, during: operation, until: deadline) {
                () throws(S3RequestError) in
                if mustLook { try await look(at: key, mode: mode, during: operation, until: deadline) }
                return try await write(headers)
            }
        } catch {
            throw mode.meaning(of: error)
        }
    }

    /// Excludes other writes of the key in this process: all of them if this one has a condition, else those with a
    /// condition. On a store that supports conditions this is for speed: SeaweedFS takes a second for each collision.
    private func serially<Result>(
        _ key: ObjectKey, alone: Bool, during operation: StorageError.Operation,
        until deadline: ContinuousClock.Instant,
        _ body: () async throws(S3RequestError) -> Result
    ) async throws(S3RequestError) -> Result {
        do {
            return try await locks.withLock(key, shared: !alone) {
                // All before us end in time, by their own. That ours is over then is not the store's fault.
                guard client.clock.now() < deadline else {
                    throw S3RequestError(kind: .overloaded, operation: operation)
                }
                return try await body()
            }
        } catch let error as S3RequestError {
            throw error
        } catch {
            throw S3RequestError(kind: .cancelled, operation: operation)
        }
    }

    /// Throws if the condition does not hold now.
    func look(
        at key: ObjectKey, mode: PutMode, during operation: StorageError.Operation,
        until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) {
        var current: ETag?
        do throws(S3RequestError) {
            current = try await headers(of: key, during: operation, until: deadline).etag
        } catch  where meansMissing(error) {
            current = nil
        }
        switch mode {
        case .overwrite: return
        case .createOnly where current == nil: return
        case .replace(let wanted) where current == wanted: return
        case .replace where current == nil && operation == .delete:
            throw S3RequestError(kind: .errorAnswer(S3Error(status: 404, code: "NoSuchKey")), operation: operation)
        case .createOnly, .replace:
            throw S3RequestError(
                kind: .errorAnswer(S3Error(status: 412, code: "PreconditionFailed")), operation: operation)
        }
    }
}

extension PutMode {
    /// The condition as headers (RFC 9110, section 13.1).
    var headers: [(name: String, value: String)] {
        switch self {
        case .overwrite: []
        case .createOnly: [("if-none-match", "*")]
        case .replace(let etag): [("if-match", etag.text)]
        }
    }

    /// What an error means in this mode: if a version was to be replaced and the store says that there is no object,
    /// the condition does not hold.
    func meaning(of error: S3RequestError) -> StorageError {
        var storageError = error.storageError
        if case .replace = self, storageError.code == .notFound, error.operation != .delete {
            storageError.code = .preconditionFailed
        }
        return storageError
    }
}
