extension UploadBudget {
    /// One upload's share of the budget. Released at the latest when the last reference to it goes.
    public final class Lease: Sendable {
        private let budget: UploadBudget
        private let id: Int

        init(budget: UploadBudget, id: Int) {
            self.budget = budget
            self.id = id
        }

        deinit {
            budget.close(id)
        }

        /// Bytes granted and not given back, 0 to ``UploadBudget/partBytes``.
        public var heldBytes: Int { budget.held(by: id) }

        /// Waits until at least `bytes` are held. What is asked is rounded up to steps; beyond one part nothing is
        /// granted, because who holds a part must send it before it takes more.
        ///
        /// Does not wait where so much is held already. One task at a time should grow a lease.
        /// - Parameter deadline: until when to wait at most.
        /// - Throws: ``AdmissionError/overloaded(retryAfterSeconds:)`` if the deadline passes,
        ///   ``AdmissionError/cancelled`` if the task was cancelled or the lease released; the lease then holds what it
        ///   held before.
        public func grow(to bytes: Int, deadline: ContinuousClock.Instant) async throws(AdmissionError) {
            if !Task.isCancelled && bytes > 0 && bytes <= heldBytes { return }
            try await budget.grow(id, to: bytes, deadline: deadline)
        }

        /// Gives back everything for good; a ``grow(to:deadline:)`` after this throws. Calling it again does nothing.
        public func release() {
            budget.close(id)
        }
    }
}
