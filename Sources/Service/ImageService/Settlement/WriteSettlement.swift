import ImageCache
import ObjectStorage
import TaskSupport

/// Ends writes. It completes the last step even if the client leaves, and if the store's answer was lost, finds out
/// what happened.
struct WriteSettlement: Sendable {
    let storage: any ObjectStorage
    let cache: CurrentImages.Cache
    /// For one storage operation, as the settings say.
    let timeout: Duration
    let clock: MonotonicClock

    enum Outcome: Sendable {
        /// The store has answered: this is our version.
        case done(PutResult)
        /// A look at the object has shown that the write has happened. This is there now: ours, or what others have
        /// made of it since.
        case seen(ObjectInfo)
        /// The write is not in the object's list. `found` is what a look has shown; nil if nothing is there.
        case notDone(StorageError, found: ObjectInfo?)
        /// The store failed in a way that a look cannot clear up, or the look failed as well.
        case failed(StorageError)
    }

    /// If a whole operation of the store has just timed out, the look does not wait as long again.
    private static let lookTimeout = Duration.seconds(2)

    /// Performs `write`, and settles it.
    ///
    /// - Parameters:
    ///   - ids: the write's own, and those of earlier attempts at the same change that may still take effect.
    ///   - isConditional: whether the outcome must be found out at any cost. A plain write that timed out in the store
    ///     counts as failed: the client may repeat it, and that changes nothing.
    func perform(
        _ key: ObjectKey, ids: Set<WriteID>, isConditional: Bool,
        _ write: @escaping @Sendable () async throws(StorageError) -> PutResult
    ) async -> Outcome {
        let deadline = clock.now() + timeout
        // In a task of its own: a write that has begun goes on to its end, even if the client leaves.
        return await Task(executorPreference: RequestExecutor.executor) {
            cache.invalidate(key)
            defer { cache.invalidate(key) }
            do throws(StorageError) {
                return .done(try await write())
            } catch {
                guard isConditional || error.mayHaveHappened && error.code != .timedOut else { return .failed(error) }
                return await settle(key, ids: ids, after: error, until: deadline)
            }
        }.value
    }

    /// Every id is made once. If it is in the object's list, the write has happened, whatever the answer said.
    private func settle(
        _ key: ObjectKey, ids: Set<WriteID>, after error: StorageError, until deadline: ContinuousClock.Instant
    ) async -> Outcome {
        switch error.code {
        case .preconditionFailed, .conflict, .notFound, .unavailable, .timedOut, .badAnswer, .overloaded: break
        case .rangeNotSatisfiable, .invalidKey, .full, .denied, .unsupported, .archived, .cancelled, .badCursor:
            return .failed(error)
        }
        let lost = error
        do throws(StorageError) {
            let found = try await look(key, timeout: max(Self.lookTimeout, deadline - clock.now()))
            return ImageRecord(found).writes.contains(where: ids.contains)
                ? .seen(found) : .notDone(lost, found: found)
        } catch  where error.code == .notFound {
            return .notDone(lost, found: nil)
        } catch {
            return .failed(errorToReport(on: lost, wasTriedBefore: ids.count > 1, lookedFor: error))
        }
    }

    /// The error to report if the look has failed as well. A store that refuses a second try may have met the result of
    /// the first one. Only a look could tell; without it nothing is known.
    private func errorToReport(
        on error: StorageError, wasTriedBefore: Bool, lookedFor lookError: StorageError
    ) -> StorageError {
        guard !error.isOutage, error.mayHaveHappened || wasTriedBefore else { return error }
        var unknown = lookError
        switch lookError.code {
        case .unavailable, .timedOut, .badAnswer, .denied: break
        // The look was given up.
        case .cancelled: unknown.code = .timedOut
        default: unknown.code = .unavailable
        }
        unknown.mayHaveHappened = true
        return unknown
    }

    private func look(_ key: ObjectKey, timeout: Duration) async throws(StorageError) -> ObjectInfo {
        let looking = Task { () -> Result<ObjectInfo, StorageError> in
            do throws(StorageError) {
                return .success(try await storage.head(key))
            } catch {
                return .failure(error)
            }
        }
        let timer = Task {
            try await clock.pause(for: timeout)
            looking.cancel()
        }
        defer { timer.cancel() }
        return try await looking.value.get()
    }
}
