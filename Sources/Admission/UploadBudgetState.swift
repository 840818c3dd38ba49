/// The account of an ``UploadBudget``, as a value: requests in, grants out.
///
/// It is Dijkstra's banker for one kind of resource, where every lease may come to need a whole part. A grant is safe
/// if afterwards the lease that holds most can still grow to a whole part from what is left: it then gives back more
/// than the second needs, and so on down the line.
struct UploadBudgetState {
    typealias LeaseID = Int
    typealias Ticket = Int

    private struct Waiter {
        let ticket: Ticket
        let lease: LeaseID
        let target: Int
    }

    /// Who may go on after an event.
    struct Outcome: Equatable {
        /// Requests that were waiting and have been granted, in the order of the grants.
        var granted: [Ticket] = []
        /// Requests that can never be granted because their lease was closed.
        var refused: [Ticket] = []
    }

    let totalBytes: Int
    let partBytes: Int
    let stepBytes: Int
    private(set) var heldBytes = 0
    private var leases: [LeaseID: Int] = [:]
    /// In the order of arrival. An array, since at most one request per upload waits.
    private var waiters: [Waiter] = []
    private var lastID = 0

    init(totalBytes: Int, partBytes: Int, stepBytes: Int) {
        precondition(stepBytes > 0 && partBytes >= stepBytes, "a part must hold at least one step")
        precondition(totalBytes >= partBytes, "the budget must hold at least one part")
        self.totalBytes = totalBytes
        self.partBytes = partBytes
        self.stepBytes = stepBytes
    }

    var freeBytes: Int { totalBytes - heldBytes }
    var openLeases: Int { leases.count }
    var waiting: Int { waiters.count }

    func held(by lease: LeaseID) -> Int { leases[lease] ?? 0 }

    mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    mutating func open() -> LeaseID {
        let lease = nextID()
        leases[lease] = 0
        return lease
    }

    /// Asks that `lease` hold at least `target` bytes, rounded up to steps and never more than a part. True: it does
    /// now. False: the ticket waits and will appear in a later outcome. Nil: the lease is closed.
    mutating func request(_ target: Int, for lease: LeaseID, ticket: Ticket) -> Bool? {
        guard leases[lease] != nil else { return nil }
        let waiter = Waiter(ticket: ticket, lease: lease, target: rounded(target))
        // Only who can finish a part from what is left may pass those who wait: see `settle`.
        if waiters.isEmpty ? isSafe(waiter) : missing(waiter) == 0 || canFinish(waiter) {
            grant(waiter)
            return true
        }
        waiters.append(waiter)
        return false
    }

    /// Gives back what `lease` holds beyond `target` bytes, rounded up to steps.
    mutating func shrink(_ lease: LeaseID, to target: Int) -> Outcome {
        guard let held = leases[lease] else { return Outcome() }
        let kept = min(held, rounded(target))
        leases[lease] = kept
        heldBytes -= held - kept
        return Outcome(granted: settle())
    }

    /// Gives back everything and forgets the lease. Closing it twice does nothing.
    mutating func close(_ lease: LeaseID) -> Outcome {
        guard let held = leases.removeValue(forKey: lease) else { return Outcome() }
        heldBytes -= held
        let refused = waiters.filter { $0.lease == lease }.map(\.ticket)
        waiters.removeAll { $0.lease == lease }
        return Outcome(granted: settle(), refused: refused)
    }

    /// Takes a waiting request back. The outcome names it as refused if it was still waiting.
    mutating func withdraw(_ ticket: Ticket) -> Outcome {
        guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return Outcome() }
        waiters.remove(at: index)
        return Outcome(granted: settle(), refused: [ticket])
    }

    /// Grants what can be granted: first in the order of arrival, and where the first must wait, to those who can
    /// finish a part from what is left. Strict order would lock up, because the one who can finish may stand last.
    /// The first is not starved either: it is passed only by leases that hold more than it does, and each of these
    /// gives back what it holds before it asks again.
    private mutating func settle() -> [Ticket] {
        var granted: [Ticket] = []
        while let first = waiters.first {
            if isSafe(first) {
                waiters.removeFirst()
                grant(first)
                granted.append(first.ticket)
                continue
            }
            let finishers = waiters.indices.filter { canFinish(waiters[$0]) }
            guard let index = finishers.max(by: { held(by: waiters[$0].lease) < held(by: waiters[$1].lease) }) else {
                break
            }
            let finisher = waiters.remove(at: index)
            grant(finisher)
            granted.append(finisher.ticket)
        }
        return granted
    }

    private mutating func grant(_ waiter: Waiter) {
        let bytes = missing(waiter)
        leases[waiter.lease, default: 0] += bytes
        heldBytes += bytes
    }

    private func missing(_ waiter: Waiter) -> Int { max(0, waiter.target - held(by: waiter.lease)) }

    private func isSafe(_ waiter: Waiter) -> Bool {
        let step = missing(waiter)
        let left = freeBytes - step
        // Room for a whole part settles it without a look at every lease: the common case.
        if step == 0 || left >= partBytes { return true }
        let most = max(held(by: waiter.lease) + step, leases.values.max() ?? 0)
        return left >= partBytes - most
    }

    private func canFinish(_ waiter: Waiter) -> Bool { freeBytes >= partBytes - held(by: waiter.lease) }

    private func rounded(_ bytes: Int) -> Int {
        if bytes <= 0 { return 0 }
        if bytes >= partBytes { return partBytes }
        return min(partBytes, (bytes + stepBytes - 1) / stepBytes * stepBytes)
    }
}
