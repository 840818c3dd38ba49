import Metrics
import NIOConcurrencyHelpers
import ObjectStorage
import TaskSupport

/// Removes in the background what was made of old versions: a few paths at a time, each path once however often it is
/// written meanwhile, and again if the store fails.
final class DerivedRemovals: Sendable {
    typealias Remove = @Sendable (ObjectKey, ETag?) async throws(StorageError) -> Void

    private struct State {
        /// Paths that wait, each with the version whose objects stay.
        var waiting: [ObjectKey: ETag?] = [:]
        var workers = 0
    }

    private let state = NIOLockedValueBox(State())
    private let tasks: BackgroundTasks
    private let remove: Remove
    private let clock: MonotonicClock
    /// Counts the paths whose objects stay as garbage.
    private let abandoned = Counter(label: "tintype_derived_removals_abandoned_total")

    /// How many paths at a time: enough to keep up with the writers, each of which waits for the store itself.
    private static let maximumWorkers = 8
    /// Some 20 MB of paths. If there are more, the store has been away for long.
    private static let maximumWaiting = 100_000
    /// The first pause is 0.2 s, each further one three times as long: 24 s in all.
    private static let maximumTries = 6

    init(tasks: BackgroundTasks, clock: MonotonicClock, _ remove: @escaping Remove) {
        self.clock = clock
        self.tasks = tasks
        self.remove = remove
    }

    /// - Parameter isCertain: whether there was an original. If not, the removal is only a precaution and gives way to
    ///   the others.
    func begin(_ path: ObjectKey, keeping etag: ETag?, isCertain: Bool) {
        let limit = isCertain ? Self.maximumWaiting : Self.maximumWaiting / 2
        let (isTaken, needsWorker) = state.withLockedValue { state in
            guard state.waiting.count < limit || state.waiting[path] != nil else { return (false, false) }
            state.waiting[path] = .some(etag)
            guard state.workers < Self.maximumWorkers else { return (true, false) }
            state.workers += 1
            return (true, true)
        }
        if !isTaken { abandoned.increment() }
        if needsWorker { tasks.start { await self.work() } }
    }

    private func work() async {
        while let (path, etag) = next() {
            var pause = Duration.milliseconds(200)
            for attempt in 1...Self.maximumTries {
                do throws(StorageError) {
                    try await remove(path, etag)
                    break
                } catch {
                    guard attempt < Self.maximumTries, (try? await clock.pause(for: pause)) != nil else {
                        abandoned.increment()
                        break
                    }
                    pause *= 3
                }
            }
        }
    }

    /// The next path. Nil if there is none; the worker then counts as ended.
    private func next() -> (path: ObjectKey, etag: ETag?)? {
        state.withLockedValue { state in
            guard !Task.isCancelled, let path = state.waiting.keys.first,
                let etag = state.waiting.removeValue(forKey: path)
            else {
                state.workers -= 1
                return nil
            }
            return (path, etag)
        }
    }
}
