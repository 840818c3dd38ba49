import NIOConcurrencyHelpers
public import TaskSupport

/// Memory that must be reserved as a whole before work can begin, such as the memory of decoded pixels. Requests are
/// served in the order of arrival, with a bounded queue and a deadline for each wait. A budget can limit the share of
/// one client.
public final class ByteBudget<Client: Hashable & Sendable>: Sendable {
    /// Counts for metrics.
    public struct Usage: Sendable, Hashable {
        /// The whole budget.
        public let limit: Int
        /// Bytes reserved, at most `limit`.
        public let heldBytes: Int
        /// Requests that wait.
        public let waiting: Int
        /// How long the first of them has waited; 0 if there is none.
        public let oldestWaitingSeconds: Double
    }

    /// Reserved bytes. ``release()`` gives them back; so does the end of the last reference.
    public final class Reservation: Sendable {
        private let budget: ByteBudget
        private let held: NIOLockedValueBox<(client: Client, bytes: Int)?>

        fileprivate init(_ bytes: Int, for client: Client, of budget: ByteBudget) {
            held = NIOLockedValueBox((client, bytes))
            self.budget = budget
        }

        deinit {
            release()
        }

        /// The bytes that are held; 0 once they have been given back.
        public var bytes: Int { held.withLockedValue { $0?.bytes ?? 0 } }

        /// Gives the bytes back. A second call does nothing.
        public func release() {
            let was = held.withLockedValue { held in
                defer { held = nil }
                return held
            }
            if let was { budget.step { $0.release(was.bytes, of: was.client) } }
        }

        /// Changes the number of reserved bytes. An increase succeeds only if so many bytes are free at this moment.
        ///
        /// - Returns: false if nothing has changed, because too few bytes are free or the reservation was released.
        public func resize(to bytes: Int) -> Bool {
            held.withLockedValue { held in
                guard let was = held else { return false }
                var isDone = false
                budget.step { state in
                    let outcome = state.resize(was.bytes, to: bytes, of: was.client)
                    isDone = outcome.isDone
                    return outcome.granted
                }
                if isDone { held = (was.client, bytes) }
                return isDone
            }
        }

        /// Counts the bytes for another client from now on, even if they exceed its share.
        public func move(to client: Client) {
            held.withLockedValue { held in
                guard let was = held, was.client != client else { return }
                budget.step { $0.move(was.bytes, from: was.client, to: client) }
                held = (client, was.bytes)
            }
        }
    }

    private let waits: WaitList<ByteBudgetState<Client>, Result<Void, AdmissionError>>
    private let clock: AdmissionClock

    /// - Parameters:
    ///   - limit: bytes that may be reserved at once; not negative.
    ///   - queueLimit: requests that may wait; one more is rejected at once.
    ///   - share: the most bytes that one client may hold (a single request may exceed it); nil: no such limit. With a
    ///     share, one client may have a quarter of the waiting requests.
    public init(limit: Int, queueLimit: Int, share: Int? = nil, clock: AdmissionClock = .continuous) {
        waits = WaitList(ByteBudgetState(limit: limit, queueLimit: queueLimit, share: share), clock: clock)
        self.clock = clock
    }

    /// All counts, taken at the same moment.
    public var usage: Usage {
        let now = clock.now()
        return waits.withState {
            Usage(
                limit: $0.limit, heldBytes: $0.heldBytes, waiting: $0.waiting,
                oldestWaitingSeconds: $0.oldestAge(now: now).inSeconds)
        }
    }

    /// How long the first of those that wait has waited; zero if there is none.
    public var oldestWait: Duration {
        let now = clock.now()
        return waits.withState { $0.oldestAge(now: now) }
    }

    /// Waits for so many bytes, until `deadline` at most.
    /// - Precondition: `bytes` is not negative.
    /// - Throws: ``AdmissionError/exceedsBudget(limit:)`` at once if the whole budget is smaller,
    ///   ``AdmissionError/overloaded(retryAfterSeconds:)`` at once if the queue is full and later if the deadline
    ///   passes, ``AdmissionError/cancelled`` if the task is cancelled.
    public func acquire(
        _ bytes: Int, for client: Client, deadline: ContinuousClock.Instant
    ) async throws(AdmissionError) -> Reservation {
        let now = clock.now()
        let answer = await waits.wait(until: deadline, cancelled: .failure(.cancelled)) { state, ticket in
            switch state.request(bytes, for: client, ticket: ticket, deadline: deadline, now: now) {
            case .granted: (.answered(.success(())), [])
            case .rejected(let error): (.answered(.failure(error)), [])
            case .queued: (.waits, [])
            }
        } leave: { state, ticket, departure in
            let granted = state.withdraw(ticket)
            return (.failure(AdmissionError(departure)), granted.map { ($0, .success(())) })
        }
        try answer.get()
        return Reservation(bytes, for: client, of: self)
    }

    /// Reserves so many bytes if they are free at this moment and nobody waits for them; else nil.
    public func tryAcquire(_ bytes: Int, for client: Client) -> Reservation? {
        let isGranted = waits.withState { $0.tryRequest(bytes, for: client) }
        return isGranted ? Reservation(bytes, for: client, of: self) : nil
    }

    /// Runs `body` while so many bytes are reserved; waits and throws like ``acquire(_:for:deadline:)``.
    public func withBytes<Value: Sendable>(
        _ bytes: Int, for client: Client, deadline: ContinuousClock.Instant, _ body: () async throws -> Value
    ) async throws -> Value {
        let reservation = try await acquire(bytes, for: client, deadline: deadline)
        defer { reservation.release() }
        return try await body()
    }

    private func step(_ event: (inout ByteBudgetState<Client>) -> [Int]) {
        waits.update { state in event(&state).map { ($0, .success(())) } }
    }
}
