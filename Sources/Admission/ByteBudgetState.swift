import DequeModule

/// The account of a ``ByteBudget``, as a value: requests in, grants out, strictly in the order of arrival.
struct ByteBudgetState {
    typealias Ticket = Int

    private struct Waiter {
        let ticket: Ticket
        let bytes: Int
        let since: ContinuousClock.Instant
    }

    enum Answer: Equatable {
        case granted
        case queued
        case refused(AdmissionError)
    }

    let limit: Int
    let queueLimit: Int
    private(set) var heldBytes = 0
    private var waiters: Deque<Waiter> = []
    private var lastTicket = 0

    init(limit: Int, queueLimit: Int) {
        precondition(limit >= 0 && queueLimit >= 0, "limits are not negative")
        self.limit = limit
        self.queueLimit = queueLimit
    }

    var waiting: Int { waiters.count }

    func oldestAge(now: ContinuousClock.Instant) -> Duration {
        waiters.first.map { now - $0.since } ?? .zero
    }

    mutating func nextTicket() -> Ticket {
        lastTicket += 1
        return lastTicket
    }

    mutating func request(
        _ bytes: Int, ticket: Ticket, deadline: ContinuousClock.Instant, now: ContinuousClock.Instant
    ) -> Answer {
        precondition(bytes >= 0, "a size is not negative")
        guard bytes <= limit else { return .refused(.exceedsBudget(limit: limit)) }
        // Whoever comes while others wait stands behind them, though it may fit: else small ones would starve a big one.
        if waiters.isEmpty && bytes <= limit - heldBytes {
            heldBytes += bytes
            return .granted
        }
        guard waiters.count < queueLimit, now < deadline else {
            return .refused(.overloaded(waited: oldestAge(now: now)))
        }
        waiters.append(Waiter(ticket: ticket, bytes: bytes, since: now))
        return .queued
    }

    /// Gives bytes back; answers with those who may go on.
    mutating func release(_ bytes: Int) -> [Ticket] {
        heldBytes -= bytes
        return settle()
    }

    /// Takes a waiting request back, for want of interest or of time. Nil if it does not wait any more; else how long
    /// it waited, and who may go on now.
    mutating func withdraw(_ ticket: Ticket, now: ContinuousClock.Instant) -> (waited: Duration, granted: [Ticket])? {
        guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        let waiter = waiters.remove(at: index)
        return (now - waiter.since, settle())
    }

    private mutating func settle() -> [Ticket] {
        var granted: [Ticket] = []
        while let first = waiters.first, first.bytes <= limit - heldBytes {
            waiters.removeFirst()
            heldBytes += first.bytes
            granted.append(first.ticket)
        }
        return granted
    }
}
