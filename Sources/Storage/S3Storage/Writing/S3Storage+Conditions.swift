import NIOHTTP1
import ObjectStorage
import TaskSupport

extension S3Storage {
    /// Runs a write under its condition: by the header where the store keeps it, else, or as well, by a look just
    /// before with every other write of the key in this process kept out.
    ///
    /// - Parameter write: gets the headers of the condition; must send them.
    func conditionally<Result>(
        _ key: ObjectKey, mode: PutMode, during operation: StorageError.Operation,
        until deadline: ContinuousClock.Instant,
        _ write: ([(name: String, value: String)]) async throws(S3RequestError) -> Result
    ) async throws(StorageError) -> Result {
        let traits = traits
        let support = traits.support(for: operation)
        // A lost race of CompleteMultipartUpload shows in few probes, and one more question beside a large upload costs
        // little: it is looked at first on every store.
        let mustLook = mode != .overwrite && (support != .atomic || operation == .completeUpload)
        let headers = support == .refused ? [] : mode.headers
        do throws(S3RequestError) {
            let isPlain = mode == .overwrite
            guard !isPlain || !traits.allAtomic else { return try await write(headers) }
            return try await inTurn(key, alone: !isPlain, during: operation, until: deadline) {
                () throws(S3RequestError) in
                if mustLook { try await look(at: key, mode: mode, during: operation, until: deadline) }
                return try await write(headers)
            }
        } catch {
            throw mode.meaning(of: error)
        }
    }

    /// Keeps other writes of the key in this process out: all of them where ours has a condition, else those that have.
    /// Where the store keeps conditions itself, that is for speed: SeaweedFS takes a second over each collision.
    private func inTurn<Result>(
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
        } catch let failure as S3RequestError {
            throw failure
        } catch {
            throw S3RequestError(kind: .cancelled, operation: operation)
        }
    }

    /// Whether the condition holds now.
    func look(
        at key: ObjectKey, mode: PutMode, during operation: StorageError.Operation,
        until deadline: ContinuousClock.Instant
    ) async throws(S3RequestError) {
        var current: ETag?
        do throws(S3RequestError) {
            current = try await headers(of: key, during: operation, until: deadline).etag
        } catch  where failureMeansMissing(error) {
            current = nil
        }
        switch mode {
        case .overwrite: return
        case .createOnly where current == nil: return
        case .replace(let wanted) where current == wanted: return
        case .replace where current == nil && operation == .delete:
            throw S3RequestError(kind: .fault(S3Error(status: 404, code: "NoSuchKey")), operation: operation)
        case .createOnly, .replace:
            throw S3RequestError(kind: .fault(S3Error(status: 412, code: "PreconditionFailed")), operation: operation)
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

    /// What a failure means under this mode: where a version was to be replaced and the store says that there is no
    /// object, the condition does not hold.
    func meaning(of failure: S3RequestError) -> StorageError {
        var error = failure.storageError
        if case .replace = self, error.code == .notFound, failure.operation != .delete {
            error.code = .preconditionFailed
        }
        return error
    }
}
