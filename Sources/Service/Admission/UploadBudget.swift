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

    private let waits: WaitList<UploadBudgetState<Client>, Result<Void, AdmissionError>>
    /// The most that one lease may hold: one part.
    public let partBytes: Int

    /// - Parameter stepBytes: grants are multiples of this, except for the last step of a part.
    /// - Precondition: `0 < stepBytes <= partBytes <= totalBytes`. All three come from the settings, which are checked
    ///   at start.
    public init(totalBytes: Int, partBytes: Int, stepBytes: Int, clock: AdmissionClock = .continuous) {
        self.partBytes = partBytes
        waits = WaitList(
            UploadBudgetState(totalBytes: totalBytes, partBytes: partBytes, stepBytes: stepBytes), clock: clock)
    }

    /// Opens a lease that holds nothing yet. Never waits.
    public func open(for client: Client) -> Lease {
        Lease(budget: self, id: waits.withState { $0.open(for: client) })
    }

    /// How long the request that waits longest has waited; zero if none waits.
    public var oldestWait: Duration { waits.oldestWait }

    /// All counts, taken at the same moment.
    public var usage: Usage {
        waits.withState { Usage(heldBytes: $0.heldBytes, waiting: $0.waiting) }
    }

    func held(by lease: Int) -> Int {
        waits.withState { $0.held(by: lease) }
    }

    func grow(
        _ lease: Int, to target: Int, deadline: ContinuousClock.Instant
    ) async throws(AdmissionError) {
        let answer = await waits.wait(until: deadline, cancelled: .failure(.cancelled)) { state, ticket in
            switch state.request(target, for: lease, ticket: ticket) {
            case true: (.answered(.success(())), [])
            case nil: (.answered(.failure(.cancelled)), [])
            case false: (.waits, [])
            }
        } leave: { state, ticket, departure in
            let outcome = state.withdraw(ticket)
            return (.failure(AdmissionError(departure)), outcome.granted.map { ($0, .success(())) })
        }
        try answer.get()
    }

    func close(_ lease: Int) {
        waits.update { state in
            let outcome = state.close(lease)
            return outcome.granted.map { ($0, .success(())) } + outcome.rejected.map { ($0, .failure(.cancelled)) }
        }
    }
}
