/// The state of an ``UploadBudget``, as a value: requests in, grants out.
///
/// - Most of the budget is slots. An upload with a slot may fill a whole part without waiting again. So it always gets
///   to the end of its part, and uploads cannot deadlock.
/// - The rest is the shared pool. Buffers grow there in small steps up to a small size: many slow or small uploads fit
///   in and take no slot. An upload that outgrows the pool waits for a slot, in the order of arrival.
/// - Many slots keep a few stalled clients from delaying others. One slot would prevent a deadlock too, but stalled
///   clients would stop everybody in turn.
/// - One client gets a quarter of the slots, at least one, and a quarter of the shared pool. Uploads that would exceed
///   this wait for their own client, and nobody else waits for them.
struct UploadBudgetState<Client: Hashable & Sendable> {
    typealias LeaseID = Int
    typealias Ticket = Int

    private struct Lease {
        let client: Client
        var held = 0
        var hasSlot = false
    }

    /// What the leases of one client have together.
    private struct Account {
        var leases = 0
        var slots = 0
        var sharedPool = 0
    }

    private struct Waiter {
        let ticket: Ticket
        let lease: LeaseID
        let target: Int
    }

    /// The requests that an event concerns.
    struct Outcome: Equatable {
        /// Requests that were waiting and have been granted, in the order of the grants.
        var granted: [Ticket] = []
        /// Requests that can never be granted because their lease was closed.
        var rejected: [Ticket] = []
    }

    let totalBytes: Int
    let partBytes: Int
    let stepBytes: Int
    /// How many leases may fill a part at once: three quarters of the budget, at least one.
    let slots: Int
    /// Shared by all uploads without a slot.
    let sharedPoolBytes: Int
    /// The most that one may hold without a slot.
    let sharedPoolLimit: Int
    /// How many slots the leases of one client may have.
    let slotsOfClient: Int
    /// How much of the shared pool one client may hold.
    let sharedPoolOfClient: Int
    private(set) var heldBytes = 0
    private(set) var slotsTaken = 0
    private(set) var sharedPoolHeld = 0
    private var leases: [LeaseID: Lease] = [:]
    private var accounts: [Client: Account] = [:]
    /// In the order of arrival. An array, since at most one request per upload waits.
    private var waiters: [Waiter] = []
    private var lastID = 0

    init(totalBytes: Int, partBytes: Int, stepBytes: Int) {
        precondition(stepBytes > 0 && partBytes >= stepBytes, "a part must hold at least one step")
        precondition(totalBytes >= partBytes, "the budget must hold at least one part")
        self.totalBytes = totalBytes
        self.partBytes = partBytes
        self.stepBytes = stepBytes
        slots = max(1, totalBytes / 4 * 3 / partBytes)
        sharedPoolBytes = totalBytes - slots * partBytes
        sharedPoolLimit = min(partBytes, max(stepBytes, partBytes / 8))
        slotsOfClient = max(1, slots / 4)
        sharedPoolOfClient = max(sharedPoolLimit, sharedPoolBytes / 4)
    }

    var waiting: Int { waiters.count }

    func held(by lease: LeaseID) -> Int { leases[lease]?.held ?? 0 }

    mutating func nextID() -> Int {
        lastID += 1
        return lastID
    }

    /// Clients that have a lease.
    var remembered: Int { accounts.count }

    mutating func open(for client: Client) -> LeaseID {
        let lease = nextID()
        leases[lease] = Lease(client: client)
        accounts[client, default: Account()].leases += 1
        return lease
    }

    /// Asks that `lease` hold at least `target` bytes, rounded up to steps and never more than a part. True: it does
    /// now. False: the ticket waits and will appear in a later outcome. Nil: the lease is closed.
    mutating func request(_ target: Int, for lease: LeaseID, ticket: Ticket) -> Bool? {
        guard leases[lease] != nil else { return nil }
        // At the end: a request that can be granted now could not be granted before, so it is this one or none.
        waiters.append(Waiter(ticket: ticket, lease: lease, target: rounded(target)))
        return settle().contains(ticket)
    }

    /// Gives everything back and forgets the lease. A second call does nothing.
    mutating func close(_ lease: LeaseID) -> Outcome {
        guard let entry = leases.removeValue(forKey: lease) else { return Outcome() }
        giveBack(entry)
        let rejected = waiters.filter { $0.lease == lease }.map(\.ticket)
        waiters.removeAll { $0.lease == lease }
        return Outcome(granted: settle(), rejected: rejected)
    }

    /// Removes a waiting request. The outcome names it as rejected if it was still waiting.
    mutating func withdraw(_ ticket: Ticket) -> Outcome {
        guard let index = waiters.firstIndex(where: { $0.ticket == ticket }) else { return Outcome() }
        waiters.remove(at: index)
        return Outcome(granted: settle(), rejected: [ticket])
    }

    private mutating func giveBack(_ lease: Lease) {
        var account = accounts[lease.client] ?? Account()
        heldBytes -= lease.held
        if lease.hasSlot {
            slotsTaken -= 1
            account.slots -= 1
        } else {
            sharedPoolHeld -= lease.held
            account.sharedPool -= lease.held
        }
        account.leases -= 1
        accounts[lease.client] = account.leases > 0 ? account : nil
    }

    /// Grants what can be granted, in the order of arrival. A request that waits for a slot does not hold up one that
    /// fits the shared pool.
    private mutating func settle() -> [Ticket] {
        var granted: [Ticket] = []
        var waiting: [Waiter] = []
        for waiter in waiters {
            if grant(waiter) { granted.append(waiter.ticket) } else { waiting.append(waiter) }
        }
        waiters = waiting
        return granted
    }

    private mutating func grant(_ waiter: Waiter) -> Bool {
        guard var lease = leases[waiter.lease] else { return false }
        var account = accounts[lease.client] ?? Account()
        let missing = max(0, waiter.target - lease.held)
        if !lease.hasSlot, missing > 0 {
            if waiter.target <= sharedPoolLimit, sharedPoolHeld + missing <= sharedPoolBytes,
                account.sharedPool + missing <= sharedPoolOfClient
            {
                sharedPoolHeld += missing
                account.sharedPool += missing
            } else if slotsTaken < slots, account.slots < slotsOfClient {
                slotsTaken += 1
                account.slots += 1
                sharedPoolHeld -= lease.held
                account.sharedPool -= lease.held
                lease.hasSlot = true
            } else {
                return false
            }
        }
        lease.held += missing
        heldBytes += missing
        leases[waiter.lease] = lease
        accounts[lease.client] = account
        return true
    }

    private func rounded(_ bytes: Int) -> Int {
        if bytes <= 0 { return 0 }
        if bytes >= partBytes { return partBytes }
        return min(partBytes, (bytes + stepBytes - 1) / stepBytes * stepBytes)
    }
}
