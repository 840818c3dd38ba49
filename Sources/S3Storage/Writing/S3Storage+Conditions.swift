import NIOCore
import NIOHTTP1
import ObjectStorage

extension S3Storage {
    /// Runs a write under its condition: by the header where the store keeps it, else, or as well, by a look just before
    /// with every other write of the key in this process kept out.
    ///
    /// - Parameter write: gets the headers of the condition; must send them.
    func conditionally<Result>(
        _ key: ObjectKey, mode: PutMode, during operation: StorageError.Operation, until deadline: NIODeadline,
        _ write: ([(name: String, value: String)]) async throws(S3Failure) -> Result
    ) async throws(StorageError) -> Result {
        let traits = traits
        let support = traits.support(for: operation)
        // A lost race of CompleteMultipartUpload shows in few probes, and one more question beside a large upload costs
        // little: it is looked at first on every store.
        let mustLook = mode != .overwrite && (support != .atomic || operation == .completeUpload)
        let headers = support == .refused ? [] : mode.headers
        do throws(S3Failure) {
            guard mustLook || !traits.allAtomic else { return try await write(headers) }
            return try await exclusively(key, during: operation) { () throws(S3Failure) in
                if mustLook { try await look(at: key, mode: mode, during: operation, until: deadline) }
                return try await write(headers)
            }
        } catch {
            throw mode.meaning(of: error)
        }
    }

    /// Keeps every other write of the key in this process out. It needs no deadline of its own: all before us in the
    /// queue have begun earlier, and end in time.
    private func exclusively<Result>(
        _ key: ObjectKey, during operation: StorageError.Operation,
        _ body: () async throws(S3Failure) -> Result
    ) async throws(S3Failure) -> Result {
        do {
            return try await locks.withLock(key) { try await body() }
        } catch let failure as S3Failure {
            throw failure
        } catch {
            throw S3Failure(kind: .cancelled, operation: operation)
        }
    }

    private func look(
        at key: ObjectKey, mode: PutMode, during operation: StorageError.Operation, until deadline: NIODeadline
    ) async throws(S3Failure) {
        var current: ETag?
        do throws(S3Failure) {
            let answer = try await client.send(S3Request(operation, .HEAD, key: key), until: deadline)
            current = try Self.understand(operation) { () throws(BadAnswer) in
                try ObjectHeaders(answer.headers).etag
            }
        } catch  where failureMeansMissing(error) {
            current = nil
        }
        switch mode {
        case .overwrite: return
        case .createOnly where current == nil: return
        case .replace(let wanted) where current == wanted: return
        case .replace where current == nil && operation == .delete:
            throw S3Failure(kind: .fault(S3Fault(status: 404, code: "NoSuchKey")), operation: operation)
        case .createOnly, .replace:
            throw S3Failure(kind: .fault(S3Fault(status: 412, code: "PreconditionFailed")), operation: operation)
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
    func meaning(of failure: S3Failure) -> StorageError {
        var error = failure.storageError
        if case .replace = self, error.code == .notFound, failure.operation != .delete,
            failure.fault?.code != "NoSuchUpload"
        {
            error.code = .preconditionFailed
        }
        return error
    }
}
