import DequeModule
import HeapModule

/// The state of a ``FairQueue``, as a value: jobs in, permits out.
///
/// **Which job is next.** Every waiting job has a tag: the last tag of its client or the tag of the last job that got a
/// permit, whichever is higher, plus its own cost. The job with the lowest tag is next. So the waiting clients share
/// the permits evenly by cost, however many jobs each of them has. This is self-clocked fair queueing (Golestani,
/// INFOCOM 1994): it needs no list of clients to go round, only one heap.
///
/// **Which job is rejected.** The queue is full if the work ahead of a new job takes longer than a job may wait, at the
/// recent pace, or if too many jobs wait. Then the job with the highest tag is rejected. That is the newest job of the
/// client with the most work waiting: mostly the new job itself.
///
/// Every step takes time in proportion to the logarithm of the number of waiting jobs, or less.
struct FairQueueState<Client: Hashable & Sendable>: Sendable {
    typealias Ticket = Int
    typealias Job = FairQueue<Client>.Job
    typealias Limits = FairQueue<Client>.Limits

    enum Answer: Equatable {
        case granted
        case queued
        case rejected(AdmissionRejection)
    }

    private struct Waiter {
        let job: Job
        let tag: Int
        let since: ContinuousClock.Instant
    }

    private struct Place: Comparable {
        let tag: Int
        let ticket: Ticket

        static func < (left: Place, right: Place) -> Bool { (left.tag, left.ticket) < (right.tag, right.ticket) }
    }

    /// State of clients with waiting jobs. Others need none: their last tag is not above that of the last permit.
    private struct Account {
        var tag: Int
        var waiting = 0
    }

    private let limits: Limits
    private(set) var permits = 0
    private(set) var allHeldBytes = 0
    /// Jobs that have a permit, including those that got it from another queue.
    private var inside = 0
    private var load = 0
    private var cost = 0
    private var waiters: [Ticket: Waiter] = [:]
    private var waitingCost = 0
    private var accounts: [Client: Account] = [:]
    /// The tag of the job that got its permit last.
    private var lastPermit = 0
    /// Waiting jobs, and some that no longer wait and are skipped.
    private var order = Heap<Place>()
    private var arrivals: Deque<Ticket> = []
    private var rate: CompletionRate

    init(_ limits: Limits) {
        precondition(limits.permits > 0 && limits.heldBytes >= 0 && limits.queue >= 0, "limits are not negative")
        self.limits = limits
        rate = CompletionRate(guess: limits.pace)
    }

    var waiting: Int { waiters.count }

    /// Entries kept, including those of jobs that no longer wait.
    var remembered: Int { order.count + arrivals.count + waiters.count + accounts.count }

    mutating func oldestAge(now: ContinuousClock.Instant) -> Duration {
        while let first = arrivals.first, waiters[first] == nil { arrivals.removeFirst() }
        return arrivals.first.flatMap { waiters[$0] }.map { now - $0.since } ?? .zero
    }

    // MARK: Events

    /// Takes a new job. Also returns the waiting jobs that have to make way for it.
    mutating func arrive(
        _ job: Job, _ ticket: Ticket, now: ContinuousClock.Instant
    ) -> (answer: Answer, displaced: [Ticket]) {
        precondition(job.heldBytes >= 0 && job.cost >= 0 && job.load >= 0, "a size is not negative")
        advance(to: now)
        guard job.heldBytes <= limits.heldBytes else {
            return (.rejected(.exceedsHeldBytes(limit: limits.heldBytes)), [])
        }
        if waiters.isEmpty && fits(job) {
            enter(job)
            return (.granted, [])
        }
        let place = Place(tag: max(accounts[job.client]?.tag ?? 0, lastPermit) + job.cost, ticket: ticket)
        var displaced: [Ticket] = []
        // A job with a permit of another queue was judged there: no job makes way for it, and it is not rejected here.
        if !job.hasPermit {
            guard let dropped = makeWay(for: place) else {
                return (.rejected(.full(retryAfterSeconds: secondsToDrain)), [])
            }
            displaced = dropped
        }
        waiters[ticket] = Waiter(job: job, tag: place.tag, since: now)
        waitingCost += job.cost
        accounts[job.client, default: Account(tag: 0)].waiting += 1
        accounts[job.client]?.tag = place.tag
        order.insert(place)
        if !job.hasPermit { arrivals.append(ticket) }
        return (.queued, displaced)
    }

    /// Ends a job that had a permit. Returns the jobs that get a permit now.
    mutating func endWork(_ job: Job, now: ContinuousClock.Instant) -> [Ticket] {
        advance(to: now)
        if !job.hasPermit { permits -= 1 }
        inside -= 1
        load -= job.load
        cost -= job.cost
        if !waiters.isEmpty { rate.finish(job.cost) }
        return settle()
    }

    /// Takes bytes back. Returns the jobs that get a permit now.
    mutating func release(_ heldBytes: Int, now: ContinuousClock.Instant) -> [Ticket] {
        advance(to: now)
        allHeldBytes -= heldBytes
        return settle()
    }

    /// Removes a waiting job, because it was cancelled or its deadline has passed. Returns nil if it no longer waits;
    /// else the jobs that get a permit now.
    mutating func withdraw(_ ticket: Ticket, now: ContinuousClock.Instant) -> [Ticket]? {
        guard waiters[ticket] != nil else { return nil }
        advance(to: now)
        forget(ticket)
        return settle()
    }

    /// Seconds until all present work is done, from 1 to 60.
    var secondsToDrain: Int {
        Int(min(max((Double(cost + waitingCost) / rate.bytesPerSecond).rounded(.up), 1), 60))
    }

    // MARK: Steps

    private mutating func advance(to now: ContinuousClock.Instant) {
        rate.advance(to: now, isBusy: !waiters.isEmpty)
    }

    private func fits(_ job: Job) -> Bool {
        guard job.heldBytes <= limits.heldBytes - allHeldBytes else { return false }
        // A single job gets a permit whatever its load.
        return (job.hasPermit || permits < limits.permits) && (inside == 0 || load + job.load <= limits.memory)
            || load + job.load <= limits.load
    }

    private mutating func enter(_ job: Job) {
        if !job.hasPermit { permits += 1 }
        inside += 1
        load += job.load
        cost += job.cost
        allHeldBytes += job.heldBytes
    }

    /// Drops jobs with higher tags until the new one has a place. Returns nil and drops nothing if that would not
    /// suffice.
    private mutating func makeWay(for newcomer: Place) -> [Ticket]? {
        let most = rate.bytesPerSecond * limits.wait.inSeconds
        var dropped: [Place] = []
        var ahead = cost + waitingCost
        while waiters.count - dropped.count >= limits.queue || Double(ahead) > most {
            guard let last = popLast() else { break }
            dropped.append(last)
            guard last > newcomer else { break }
            ahead -= waiters[last.ticket]?.job.cost ?? 0
        }
        let suffices = waiters.count - dropped.count < limits.queue && Double(ahead) <= most
        guard suffices, dropped.allSatisfy({ $0 > newcomer }) else {
            order.insert(contentsOf: dropped)
            return nil
        }
        for place in dropped { forget(place.ticket) }
        return dropped.map(\.ticket)
    }

    private mutating func popLast() -> Place? {
        while let place = order.popMax() {
            if waiters[place.ticket] != nil { return place }
        }
        return nil
    }

    /// Removes a job from everything but the heap.
    private mutating func forget(_ ticket: Ticket) {
        guard let waiter = waiters.removeValue(forKey: ticket) else { return }
        waitingCost -= waiter.job.cost
        accounts[waiter.job.client]?.waiting -= 1
        if accounts[waiter.job.client]?.waiting == 0 {
            accounts[waiter.job.client] = nil
        } else if accounts[waiter.job.client]?.tag == waiter.tag {
            // A client is not charged for work that it did not use.
            accounts[waiter.job.client]?.tag -= waiter.job.cost
        }
        let most = 2 * waiters.count + 64
        if order.count > most { order = Heap(waiters.map { Place(tag: $1.tag, ticket: $0) }) }
        if arrivals.count > most { arrivals.removeAll { waiters[$0] == nil } }
    }

    /// Gives permits while the next job fits. A job that does not fit is not overtaken: small jobs would starve it.
    private mutating func settle() -> [Ticket] {
        var granted: [Ticket] = []
        while let next = order.min {
            if let waiter = waiters[next.ticket] {
                guard fits(waiter.job) else { break }
                enter(waiter.job)
                lastPermit = next.tag
                granted.append(next.ticket)
                forget(next.ticket)
            }
            // If the heap was rebuilt meanwhile, the entry is gone already.
            if order.min == next { order.removeMin() }
        }
        return granted
    }
}
