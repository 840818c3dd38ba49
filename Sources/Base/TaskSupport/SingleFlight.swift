/// One piece of work per key, however many want its result.
///
/// Waiters leave alone; the work is cancelled when the last one has left. Nothing is remembered: after the work has
/// ended, the next caller begins it anew.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Flight {
        /// The ticket of the caller that began it.
        let id: Int
        let task: Task<Void, Never>
        var waiters: Set<Int>
    }

    /// The answer nil means that the caller was cancelled.
    private let waits = WaitList<[Key: Flight], Value?>([:])

    /// No work is under way.
    public init() {}

    /// How many pieces of work are under way.
    public var count: Int { waits.withState { $0.count } }

    /// How many wait for it.
    func waiters(for key: Key) -> Int { waits.withState { $0[key]?.waiters.count ?? 0 } }

    /// The result of the work that is under way for this key, or else of `work`.
    ///
    /// - Throws: `CancellationError` if the calling task was cancelled; the others wait on.
    public func run(
        _ key: Key, _ work: @escaping @Sendable () async -> Value
    ) async throws(CancellationError) -> Value {
        let value = await waits.wait(cancelled: nil) { flights, ticket in
            if flights[key] == nil {
                let task = Task(executorPreference: RequestExecutor.executor) {
                    let value = await work()
                    self.land(key, id: ticket, value)
                }
                flights[key] = Flight(id: ticket, task: task, waiters: [])
            }
            flights[key]?.waiters.insert(ticket)
            return (.waits, [])
        } leave: { flights, ticket, _ in
            flights[key]?.waiters.remove(ticket)
            return (nil, [])
        }
        if let value { return value }
        cancelIfDeserted(key)
        throw CancellationError()
    }

    /// Outside of the lock, since what a cancelled task does may come here itself.
    private func cancelIfDeserted(_ key: Key) {
        let task = waits.withState { flights -> Task<Void, Never>? in
            guard flights[key]?.waiters.isEmpty == true else { return nil }
            return flights.removeValue(forKey: key)?.task
        }
        task?.cancel()
    }

    private func land(_ key: Key, id: Int, _ value: Value) {
        waits.update { flights in
            // The last waiter may have left, and others may have begun the work anew, while this one ended.
            guard flights[key]?.id == id else { return [] }
            return (flights.removeValue(forKey: key)?.waiters ?? []).map { ($0, value) }
        }
    }
}
