import ObjectStorage
import TaskSupport

/// One write under a client's condition.
struct ConditionalWrite: Sendable {
    var key: ObjectKey
    /// Stands in the metadata that are written.
    var id: WriteID
    /// The condition, translated with what the path had before.
    var mode: PutMode
    var condition: WriteCondition
    /// What the path had before.
    var before: PriorVersion
    /// Whether the bytes are still at hand after a failed try.
    var isRepeatable: Bool
}

extension WriteSettlement {
    /// How often a write is tried.
    private static var maximumTries: Int { 4 }

    /// What a write has come to that has happened.
    enum Success: Sendable {
        /// As in ``Outcome``.
        case done(PutResult)
        /// As in ``Outcome``.
        case seen(ObjectInfo)
    }

    /// Performs a write, and again as long as its condition and what is known of the earlier tries allow it.
    ///
    /// - Throws: the error of the first try that says something to the client.
    func perform(
        _ write: ConditionalWrite, _ send: @escaping @Sendable (PutMode) async throws(StorageError) -> PutResult
    ) async throws(ServiceError) -> Success {
        let start = clock.now()
        var mode = write.mode
        var first: StorageError?
        for attempt in 1... {
            let outcome = await perform(write.key, ids: [write.id], isConditional: mode != .overwrite) {
                [mode] () async throws(StorageError) in
                try await send(mode)
            }
            switch outcome {
            case .done(let put): return .done(put)
            case .seen(let object): return .seen(object)
            case .notDone(let error, let found):
                // A retry of a plain write has a condition of our own: its error means nothing to the client.
                let cause = first ?? error
                let isOneMore = attempt < Self.maximumTries && clock.now() < start + timeout
                guard isOneMore, let next = write.modeOfNextTry(after: error, in: mode, found: found) else {
                    throw ServiceError(cause)
                }
                if mode == .overwrite { first = error }
                mode = next
            case .failed(let error):
                throw ServiceError(first ?? error)
            }
        }
        throw .cancelled
    }
}

extension ConditionalWrite {
    /// How the write may be tried again after a try in this mode that has not happened; nil if it must not be.
    ///
    /// - Parameter found: what the look after the error has shown; nil if nothing is there.
    fileprivate func modeOfNextTry(after error: StorageError, in mode: PutMode, found: ObjectInfo?) -> PutMode? {
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
            guard isRepeatable, mode == .overwrite, error.mayHaveHappened, before != .unknown,
                found?.etag == before.etag
            else { return nil }
            return before.etag.map { .replace($0) } ?? .createOnly
        case .createOnly, .matches: return nil
        }
    }
}
