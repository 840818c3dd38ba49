import NIOConcurrencyHelpers
public import TaskSupport

/// Calls at given moments, of which nearly all are taken back before they come: there is one for every request.
///
/// One task sleeps for all of them, until the first. The timer of a sleep stays queued until it is due, even when the
/// sleep is cancelled; with one for every request they would pile up.
public final class Alarms: Sendable {
    /// One call that was set.
    public typealias ID = UInt64

    private struct State {
        var calls: [ID: (moment: ContinuousClock.Instant, ring: @Sendable () -> Void)] = [:]
        var lastID: ID = 0
        /// The task that sleeps, and until when; nil: none does.
        var sleeper: (task: Task<Void, Never>, until: ContinuousClock.Instant)?
        /// Of the sleeper. One that was replaced may have woken already, and must not do the work of the next.
        var generation = 0
    }

    /// What the moments are told by.
    public let clock: MonotonicClock
    private let state = NIOLockedValueBox(State())

    /// Nothing is due yet.
    public init(clock: MonotonicClock) {
        self.clock = clock
    }

    /// How many calls are due later, for tests.
    var count: Int { state.withLockedValue { $0.calls.count } }

    deinit {
        state.withLockedValue { $0.sleeper }?.task.cancel()
    }

    /// Calls at or after that moment, once, unless ``remove(_:)`` comes first.
    public func set(at moment: ContinuousClock.Instant, _ ring: @escaping @Sendable () -> Void) -> ID {
        let (id, replaced) = state.withLockedValue { state -> (ID, Task<Void, Never>?) in
            state.lastID += 1
            state.calls[state.lastID] = (moment, ring)
            if let sleeper = state.sleeper, sleeper.until <= moment { return (state.lastID, nil) }
            defer {
                state.generation += 1
                state.sleeper = (sleep(until: moment, generation: state.generation), moment)
            }
            return (state.lastID, state.sleeper?.task)
        }
        replaced?.cancel()
        return id
    }

    /// Takes a call back. It does no harm if it was made already.
    public func remove(_ id: ID) {
        // Released outside of the lock: what it holds may come here itself.
        let gone = state.withLockedValue { $0.calls.removeValue(forKey: id) }
        _ = gone
    }

    private func sleep(until first: ContinuousClock.Instant, generation: Int) -> Task<Void, Never> {
        // Detached: the sleeper belongs to no request, and keeps nothing of the one that came first.
        Task.detached { [weak self, clock] in
            var next: ContinuousClock.Instant? = first
            while let moment = next {
                guard (try? await clock.sleep(moment)) != nil else { return }
                next = self?.ringDue(generation: generation)
            }
        }
    }

    /// - Returns: when the next call is due, if this sleeper is to wait for it.
    private func ringDue(generation: Int) -> ContinuousClock.Instant? {
        let now = clock.now()
        let (due, next) = state.withLockedValue { state -> ([@Sendable () -> Void], ContinuousClock.Instant?) in
            guard state.generation == generation, let task = state.sleeper?.task else { return ([], nil) }
            let due = state.calls.filter { $0.value.moment <= now }
            for id in due.keys { state.calls[id] = nil }
            let next = state.calls.values.map(\.moment).min()
            state.sleeper = next.map { (task, $0) }
            return (due.values.map(\.ring), next)
        }
        for ring in due { ring() }
        return next
    }
}
