import NIOConcurrencyHelpers

/// The memory that all uploads together may buffer.
///
/// Every upload opens a lease, grows it in small steps as bytes arrive and gives it back when a part has been sent.
/// Small buffers share a lobby; who outgrows it waits for one of a fixed number of seats, with which a whole part can
/// be filled without waiting any more, so uploads cannot lock each other up however many there are. An upload that
/// stalls keeps what it holds: cutting it off is its owner's task.
public final class UploadBudget: Sendable {
    /// Counts for metrics.
    public struct Usage: Sendable, Hashable {
        /// The whole budget.
        public let totalBytes: Int
        /// Bytes that leases hold, at most `totalBytes`.
        public let heldBytes: Int
        /// Leases that were opened and not released.
        public let openLeases: Int
        /// Requests that wait for bytes.
        public let waiting: Int
    }

    private struct Guarded {
        var state: UploadBudgetState
        var continuations: [UploadBudgetState.Ticket: CheckedContinuation<Bool, Never>] = [:]

        /// Takes out the continuations that an outcome concerns, for resumption outside of the lock.
        mutating func collect(_ outcome: UploadBudgetState.Outcome) -> [(CheckedContinuation<Bool, Never>, Bool)] {
            outcome.granted.compactMap { ticket in continuations.removeValue(forKey: ticket).map { ($0, true) } }
                + outcome.refused.compactMap { ticket in continuations.removeValue(forKey: ticket).map { ($0, false) } }
        }
    }

    private let guarded: NIOLockedValueBox<Guarded>
    /// The most that one lease may hold: one part.
    public let partBytes: Int
    /// Grants are multiples of this, but for the last step of a part.
    public let stepBytes: Int

    /// - Precondition: `0 < stepBytes <= partBytes <= totalBytes`. All three come from the settings, which are checked
    ///   at start.
    public init(totalBytes: Int, partBytes: Int, stepBytes: Int) {
        self.partBytes = partBytes
        self.stepBytes = stepBytes
        self.guarded = NIOLockedValueBox(
            Guarded(
                state: UploadBudgetState(totalBytes: totalBytes, partBytes: partBytes, stepBytes: stepBytes)))
    }

    /// A lease that holds nothing yet. Never waits.
    public func open() -> Lease {
        Lease(budget: self, id: guarded.withLockedValue { $0.state.open() })
    }

    /// Requests that wait for bytes.
    public var waiting: Int { guarded.withLockedValue { $0.state.waiting } }

    /// All counts, of one moment.
    public var usage: Usage {
        guarded.withLockedValue {
            Usage(
                totalBytes: $0.state.totalBytes, heldBytes: $0.state.heldBytes, openLeases: $0.state.openLeases,
                waiting: $0.state.waiting)
        }
    }

    func held(by lease: UploadBudgetState.LeaseID) -> Int {
        guarded.withLockedValue { $0.state.held(by: lease) }
    }

    func grow(_ lease: UploadBudgetState.LeaseID, to target: Int) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        let ticket = guarded.withLockedValue { $0.state.nextID() }
        let granted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = guarded.withLockedValue { guarded -> Bool? in
                    // The task is marked as cancelled before its handlers run. Either the mark is seen here, under the
                    // lock, or the handler comes later and finds the ticket.
                    if Task.isCancelled { return nil }
                    let answer = guarded.state.request(target, for: lease, ticket: ticket)
                    if answer == false { guarded.continuations[ticket] = continuation }
                    return answer
                }
                switch answer {
                case true: continuation.resume(returning: true)
                case nil: continuation.resume(returning: false)
                case false: break
                }
            }
        } onCancel: {
            perform { $0.withdraw(ticket) }
        }
        if !granted { throw CancellationError() }
    }

    func shrink(_ lease: UploadBudgetState.LeaseID, to target: Int) {
        perform { $0.shrink(lease, to: target) }
    }

    func close(_ lease: UploadBudgetState.LeaseID) {
        perform { $0.close(lease) }
    }

    private func perform(_ event: (inout UploadBudgetState) -> UploadBudgetState.Outcome) {
        let resumptions = guarded.withLockedValue { guarded in
            let outcome = event(&guarded.state)
            return guarded.collect(outcome)
        }
        for (continuation, granted) in resumptions { continuation.resume(returning: granted) }
    }
}
