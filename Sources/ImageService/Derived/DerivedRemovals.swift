import NIOConcurrencyHelpers
import ObjectStorage

/// Removes behind the writers' backs what was made of versions that are gone: a few paths at a time, each once however
/// often it is written meanwhile, and again where the store fails.
final class DerivedRemovals: Sendable {
    typealias Remove = @Sendable (ObjectKey, ETag?) async throws(StorageError) -> Void

    private struct State {
        /// Paths that wait, each with the version whose objects stay.
        var waiting: [ObjectKey: ETag?] = [:]
        var workers: [Int: Task<Void, Never>] = [:]
        var lastWorker = 0
    }

    private let state = NIOLockedValueBox(State())
    private let remove: Remove

    /// So many paths at a time: enough to keep up with writers, each of which waits for the store itself.
    private static let maximumWorkers = 4
    /// Beyond that the objects stay, as garbage: the store has been away for long.
    private static let maximumWaiting = 10_000
    private static let maximumTries = 6

    init(_ remove: @escaping Remove) {
        self.remove = remove
    }

    func begin(_ path: ObjectKey, keeping etag: ETag?) {
        state.withLockedValue { state in
            guard state.waiting.count < Self.maximumWaiting || state.waiting[path] != nil else { return }
            state.waiting[path] = .some(etag)
            guard state.workers.count < Self.maximumWorkers else { return }
            state.lastWorker += 1
            let id = state.lastWorker
            // Ends behind this lock, since it takes it.
            state.workers[id] = Task { await self.work(id) }
        }
    }

    /// Waits until nothing is left to be removed, so long at most, then gives up.
    func finish(within limit: Duration) async {
        let workers = state.withLockedValue { Array($0.workers.values) }
        guard !workers.isEmpty else { return }
        let timer = Task {
            try await Task.sleep(for: limit)
            for worker in workers { worker.cancel() }
        }
        for worker in workers { await worker.value }
        timer.cancel()
    }

    private func work(_ id: Int) async {
        while let (path, etag) = next(id) {
            var pause = Duration.milliseconds(200)
            for attempt in 1...Self.maximumTries {
                do throws(StorageError) {
                    try await remove(path, etag)
                    break
                } catch {
                    guard attempt < Self.maximumTries, (try? await Task.sleep(for: pause)) != nil else { break }
                    pause *= 3
                }
            }
        }
    }

    /// The next path; nil, and the worker is gone, where there is none.
    private func next(_ id: Int) -> (path: ObjectKey, etag: ETag?)? {
        state.withLockedValue { state in
            guard !Task.isCancelled, let path = state.waiting.keys.first,
                let etag = state.waiting.removeValue(forKey: path)
            else {
                state.workers[id] = nil
                return nil
            }
            return (path, etag)
        }
    }
}
