import DequeModule

/// The state of a ``ByteBudget``, as a value: requests in, grants out, in the order of arrival.
///
/// If clients have a share, a client that has used it up delays only itself: later requests of others overtake it. A
/// request that waits for the whole budget holds up all later requests, even those that would fit: else small requests
/// would starve a large one.
struct ByteBudgetState<Client: Hashable & Sendable>: Sendable {
    typealias Ticket = Int

    private struct Waiter {
        let ticket: Ticket
        let client: Client
        let bytes: Int
        let since: ContinuousClock.Instant
    }

    private struct Account {
        var held = 0
        var waiting = 0
        var isEmpty: Bool { held == 0 && waiting == 0 }
    }

    enum Answer: Equatable {
        case granted
        case queued
        case rejected(AdmissionError)
    }

    let limit: Int
    let queueLimit: Int
    /// The most bytes that one client may hold, unless in a single request; nil: no such limit.
    let share: Int?
    /// How many requests of one client may wait.
    private let queueShare: Int
    private(set) var heldBytes = 0
    private var accounts: [Client: Account] = [:]
    private var waiters: Deque<Waiter> = []

    init(limit: Int, queueLimit: Int, share: Int? = nil) {
        precondition(limit >= 0 && queueLimit >= 0, "limits are not negative")
        self.limit = limit
        self.queueLimit = queueLimit
        self.share = share
        queueShare = share == nil ? queueLimit : min(queueLimit, max(1, queueLimit / 4))
    }

    var waiting: Int { waiters.count }

    /// Clients that hold something or wait.
    var remembered: Int { accounts.count }

    func held(by client: Client) -> Int { accounts[client]?.held ?? 0 }

    func oldestAge(now: ContinuousClock.Instant) -> Duration {
        waiters.first.map { now - $0.since } ?? .zero
    }

    mutating func request(
        _ bytes: Int, for client: Client, ticket: Ticket, deadline: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) -> Answer {
        precondition(bytes >= 0, "a size is not negative")
        guard bytes <= limit else { return .rejected(.exceedsBudget(limit: limit)) }
        append(Waiter(ticket: ticket, client: client, bytes: bytes, since: now))
        // A request that can be granted now could not be granted before, so it is this one or none.
        if settle().contains(ticket) { return .granted }
        // The request itself is among the waiters.
        let isFull = waiters.count > queueLimit || accounts[client, default: Account()].waiting > queueShare
        guard !isFull, now < deadline else {
            remove(at: waiters.count - 1)
            return .rejected(.overloaded(waited: oldestAge(now: now)))
        }
        return .queued
    }

    /// The same, but never waits.
    mutating func tryRequest(_ bytes: Int, for client: Client) -> Bool {
        precondition(bytes >= 0, "a size is not negative")
        guard isWithinShare(bytes, client), bytes <= limit - heldBytes else { return false }
        change(client, by: bytes)
        return true
    }

    /// Gives bytes back. Returns the requests that are granted now.
    mutating func release(_ bytes: Int, of client: Client) -> [Ticket] {
        change(client, by: -bytes)
        return settle()
    }

    /// Changes the size of a reservation if so many bytes are free now.
    mutating func resize(_ old: Int, to new: Int, of client: Client) -> (isDone: Bool, granted: [Ticket]) {
        change(client, by: -old)
        guard tryRequest(new, for: client) else {
            change(client, by: old)
            return (false, [])
        }
        return (true, new < old ? settle() : [])
    }

    /// Moves bytes to another client, even beyond its share. Returns the requests that are granted now.
    mutating func move(_ bytes: Int, from old: Client, to new: Client) -> [Ticket] {
        change(old, by: -bytes)
        change(new, by: bytes)
        return settle()
    }

    /// Removes a waiting request, because it was cancelled or its deadline has passed. Returns nil if it no longer
    /// waits; else how long it waited, and the requests that are granted now.
    mutating func withdraw(_ ticket: Ticket) -> [Ticket] {
        guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return [] }
        remove(at: index)
        return settle()
    }

    private func isWithinShare(_ bytes: Int, _ client: Client) -> Bool {
        guard let share, let held = accounts[client]?.held, held > 0 else { return true }
        return bytes <= share - held
    }

    private mutating func settle() -> [Ticket] {
        var granted: [Ticket] = []
        var spent: Set<Client> = []
        var index = 0
        while index < waiters.count {
            let waiter = waiters[index]
            if spent.contains(waiter.client) {
                index += 1
            } else if !isWithinShare(waiter.bytes, waiter.client) {
                // It only delays later requests of its own client.
                spent.insert(waiter.client)
                index += 1
            } else if waiter.bytes <= limit - heldBytes {
                remove(at: index)
                change(waiter.client, by: waiter.bytes)
                granted.append(waiter.ticket)
            } else {
                break
            }
        }
        return granted
    }

    private mutating func append(_ waiter: Waiter) {
        waiters.append(waiter)
        accounts[waiter.client, default: Account()].waiting += 1
    }

    private mutating func remove(at index: Int) {
        let waiter = waiters.remove(at: index)
        accounts[waiter.client, default: Account()].waiting -= 1
        forgetIfEmpty(waiter.client)
    }

    private mutating func change(_ client: Client, by bytes: Int) {
        heldBytes += bytes
        accounts[client, default: Account()].held += bytes
        forgetIfEmpty(client)
    }

    private mutating func forgetIfEmpty(_ client: Client) {
        if accounts[client]?.isEmpty == true { accounts[client] = nil }
    }
}
