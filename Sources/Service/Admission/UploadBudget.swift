import NIOConcurrencyHelpers
public import TaskSupport

/// The memory that all uploads together may buffer.
///
/// - Every upload opens a lease, grows it in small steps as bytes arrive, and gives it back when a part has been sent.
/// - Small buffers share a pool. An upload that outgrows it waits for one of a fixed number of slots. With a slot it
///   can fill a whole part without waiting again, so uploads cannot deadlock, however many there are.
/// - An upload that stalls keeps what it holds: its owner has to cut it off.
/// - One client gets a quarter.
public final class UploadBudget<Client: Hashable & Sendable>: Sendable {
    /// Counts for metrics.
    public struct Usage: Sendable, Hashable {
        /// Bytes that leases hold, at most the whole budget.
        public let heldBytes: Int
        /// Requests that wait for bytes.
        public let waiting: Int
    }

    /// Nil means granted.
    private typealias Continuation = CheckedContinuation<AdmissionError?, Never>

    private struct Guarded {
        var state: UploadBudgetState<Client>
        var continuations: [Int: Continuation] = [:]
        /// Since when each of them has waited.
        var since: [Int: ContinuousClock.Instant] = [:]

        /// Removes the continuations that an outcome concerns, so that they are resumed outside the lock.
        mutating func collect(
            _ outcome: UploadBudgetState<Client>.Outcome, rejection: AdmissionError
        ) -> [(Continuation, AdmissionError?)] {
            outcome.granted.compactMap { ticket in take(ticket).map { ($0, nil) } }
                + outcome.refused.compactMap { ticket in take(ticket).map { ($0, rejection) } }
        }

        private mutating func take(_ ticket: Int) -> Continuation? {
            since.removeValue(forKey: ticket)
            return continuations.removeValue(forKey: ticket)
        }
    }

    private let guarded: NIOLockedValueBox<Guarded>
    /// The most that one lease may hold: one part.
    public let partBytes: Int
    private let clock: AdmissionClock

    /// - Parameter stepBytes: grants are multiples of this, except for the last step of a part.
    /// - Precondition: `0 < stepBytes <= partBytes <= totalBytes`. All three come from the settings, which are checked
    ///   at start.
    public init(totalBytes: Int, partBytes: Int, stepBytes: Int, clock: AdmissionClock = .continuous) {
        self.partBytes = partBytes
        self.clock = clock
        self.guarded = NIOLockedValueBox(
            Guarded(
                state: UploadBudgetState(totalBytes: totalBytes, partBytes: partBytes, stepBytes: stepBytes)))
    }

    /// Opens a lease that holds nothing yet. Never waits.
    public func open(for client: Client) -> Lease {
        Lease(budget: self, id: guarded.withLockedValue { $0.state.open(for: client) })
    }

    /// How long the request that waits longest has waited; zero if none waits.
    public var oldestWait: Duration {
        let now = clock.now()
        return guarded.withLockedValue { $0.since.values.min().map { now - $0 } ?? .zero }
    }

    /// All counts, taken at the same moment.
    public var usage: Usage {
        guarded.withLockedValue {
            Usage(heldBytes: $0.state.heldBytes, waiting: $0.state.waiting)
        }
    }

    func held(by lease: Int) -> Int {
        guarded.withLockedValue { $0.state.held(by: lease) }
    }

    func grow(
        _ lease: Int, to target: Int, deadline: ContinuousClock.Instant
    ) async throws(AdmissionError) {
        if Task.isCancelled { throw .cancelled }
        let ticket = guarded.withLockedValue { $0.state.nextID() }
        let start = clock.now()
        let timer = NIOLockedValueBox<Task<Void, Never>?>(nil)
        let rejection = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Continuation) in
                let answer = guarded.withLockedValue { guarded -> Bool? in
                    // The task is marked as cancelled before its handlers run. Either the mark is seen here, under the
                    // lock, or the handler runs later and finds the ticket.
                    if Task.isCancelled { return nil }
                    let answer = guarded.state.request(target, for: lease, ticket: ticket)
                    if answer == false {
                        guarded.continuations[ticket] = continuation
                        guarded.since[ticket] = start
                    }
                    return answer
                }
                switch answer {
                case true: continuation.resume(returning: nil)
                case nil: continuation.resume(returning: .cancelled)
                case false:
                    let sleeping = Task { [clock] in
                        // If the sleep is cancelled, its request no longer waits.
                        guard (try? await clock.sleep(deadline)) != nil else { return }
                        perform(rejection: .overloaded(waited: clock.now() - start)) { $0.withdraw(ticket) }
                    }
                    timer.withLockedValue { $0 = sleeping }
                }
            }
        } onCancel: {
            perform(rejection: .cancelled) { $0.withdraw(ticket) }
        }
        timer.withLockedValue { $0 }?.cancel()
        if let rejection { throw rejection }
    }

    func close(_ lease: Int) {
        perform(rejection: .cancelled) { $0.close(lease) }
    }

    private func perform(
        rejection: AdmissionError, _ event: (inout UploadBudgetState<Client>) -> UploadBudgetState<Client>.Outcome
    ) {
        let resumptions = guarded.withLockedValue { guarded in
            let outcome = event(&guarded.state)
            return guarded.collect(outcome, rejection: rejection)
        }
        for (continuation, error) in resumptions { continuation.resume(returning: error) }
    }
}
