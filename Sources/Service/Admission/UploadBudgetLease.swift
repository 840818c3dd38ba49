extension UploadBudget {
    /// One upload's share of the budget. Released with the last reference, if not earlier.
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

        /// Waits until the lease holds at least `bytes`, rounded up to steps. Grants one part at most: the upload must
        /// send the part before it takes more.
        ///
        /// Does not wait if the lease holds so much already. One task at a time should grow a lease.
        /// - Parameter deadline: the end of the wait.
        /// - Throws: ``AdmissionError/overloaded(retryAfterSeconds:)`` if the deadline passes,
        ///   ``AdmissionError/cancelled`` if the task was cancelled or the lease released; the lease then holds what it
        ///   held before.
        public func grow(to bytes: Int, deadline: ContinuousClock.Instant) async throws(AdmissionError) {
            if !Task.isCancelled && bytes > 0 && bytes <= heldBytes { return }
            try await budget.grow(id, to: bytes, deadline: deadline)
        }

        /// Gives everything back for good; a later ``grow(to:deadline:)`` throws. A second call does nothing.
        public func release() {
            budget.close(id)
        }
    }
}
