import Testing

@testable import Admission

/// One permit at a time and ten bytes a second. So the work ahead of a job takes one second for each job of ten bytes.
@Suite struct FairQueueStateTests {
    private typealias State = FairQueueState<String>

    private let now = ContinuousClock.now
    private var state = Self.make()

    private static func make(
        permits: Int = 1, load: Int = 0, heldBytes: Int = 1000, queue: Int = 100, wait: Duration = .seconds(1000)
    ) -> State {
        State(.init(permits: permits, load: load, heldBytes: heldBytes, queue: queue, wait: wait, pace: 10))
    }

    private static func job(_ client: String, _ cost: Int = 10, heldBytes: Int = 1) -> State.Job {
        .init(client: client, heldBytes: heldBytes, cost: cost)
    }

    private mutating func arrive(_ client: String, _ cost: Int = 10, _ ticket: Int) -> State.Answer {
        state.arrive(Self.job(client, cost), ticket, now: now).answer
    }

    /// Ends jobs until no job waits. Returns the waiting jobs in the order in which they got a permit.
    private mutating func order(first: State.Job = job("first")) -> [Int] {
        var order: [Int] = []
        var due = state.endWork(first, now: now)
        while !due.isEmpty {
            order += due
            due = due.flatMap { _ in state.endWork(Self.job("any", 0), now: now) }
        }
        return order
    }

    // MARK: Permits of another queue

    @Test mutating func `a job with a permit of another queue waits for bytes only, and displaces no job`() {
        state = Self.make(heldBytes: 10, queue: 1)
        #expect(arrive("first", 10, 0) == .granted)
        #expect(arrive("second", 10, 1) == .queued)
        let large = State.Job(client: "large", heldBytes: 10, cost: 0, load: 0, hasPermit: true)
        let (answer, displaced) = state.arrive(large, 2, now: now)
        #expect(answer == .queued && displaced.isEmpty)
        // It comes before the second job, because that one has a cost.
        #expect(state.endWork(Self.job("first"), now: now) == [])
        #expect(state.release(1, now: now) == [2])
        #expect(state.permits == 0)
        #expect(state.endWork(large, now: now) == [])
        #expect(state.release(10, now: now) == [1])
    }

    // MARK: Order

    @Test mutating func `two clients get permits alternately, however many jobs one of them has queued before`() {
        #expect(arrive("first", 10, 0) == .granted)
        for ticket in 1...6 { #expect(arrive("many", 10, ticket) == .queued) }
        for ticket in 11...13 { #expect(arrive("few", 10, ticket) == .queued) }
        #expect(order() == [1, 11, 2, 12, 3, 13, 4, 5, 6])
    }

    @Test mutating func `permits are shared by cost, not by number`() {
        #expect(arrive("first", 10, 0) == .granted)
        for ticket in 1...4 { #expect(arrive("light", 10, ticket) == .queued) }
        for ticket in 11...12 { #expect(arrive("heavy", 20, ticket) == .queued) }
        #expect(order() == [1, 2, 11, 3, 4, 12])
    }

    @Test mutating func `a client that comes late gets its fair share from then on`() {
        #expect(arrive("first", 10, 0) == .granted)
        for ticket in 1...9 { #expect(arrive("many", 10, ticket) == .queued) }
        var had: [Int] = []
        for _ in 0..<4 { had += state.endWork(Self.job("any", 0), now: now) }
        #expect(had == [1, 2, 3, 4])
        for ticket in 11...12 { #expect(arrive("late", 10, ticket) == .queued) }
        #expect(order() == [5, 11, 6, 12, 7, 8, 9])
    }

    @Test mutating func `an expensive job gets its permit even if cheap jobs keep coming`() {
        #expect(arrive("first", 10, 0) == .granted)
        #expect(arrive("dear", 50, 1) == .queued)
        var had: [Int] = []
        for ticket in 2...20 {
            #expect(arrive("cheap \(ticket)", 10, ticket) == .queued)
            had += state.endWork(Self.job("any", 0), now: now)
        }
        #expect(had.firstIndex(of: 1) == 4)
    }

    @Test mutating func `withdrawn work does not count against its client`() {
        #expect(arrive("first", 10, 0) == .granted)
        for ticket in 1...5 { #expect(arrive("left", 10, ticket) == .queued) }
        #expect(arrive("other", 10, 6) == .queued)
        for ticket in [5, 3, 4, 2, 1] { #expect(state.withdraw(ticket, now: now) == []) }
        #expect(state.withdraw(1, now: now) == nil)
        #expect(arrive("left", 10, 7) == .queued)
        #expect(order() == [6, 7])
    }

    // MARK: Limits for jobs with a permit

    @Test mutating func `a low load allows more permits than the number set, but never more bytes`() {
        state = Self.make(permits: 2, load: 50, heldBytes: 100)
        #expect(arrive("a", 100, 1) == .granted)
        #expect(arrive("a", 100, 2) == .granted)
        #expect(arrive("a", 10, 3) == .queued)
        #expect(state.endWork(Self.job("a", 100), now: now) == [3])
        #expect(state.endWork(Self.job("a", 100), now: now) == [])
        #expect(arrive("a", 40, 4) == .granted)
        #expect(arrive("a", 1, 5) == .queued)
        #expect(state.permits == 2)
        #expect(
            state.arrive(Self.job("a", 1, heldBytes: 101), 6, now: now).answer
                == .rejected(.exceedsHeldBytes(limit: 100)))
    }

    @Test mutating func `a job that waits for bytes is not overtaken, and its wait is independent of permits`() {
        state = Self.make(permits: 2, heldBytes: 100)
        #expect(state.arrive(Self.job("a", heldBytes: 60), 1, now: now).answer == .granted)
        #expect(state.arrive(Self.job("a", heldBytes: 60), 2, now: now).answer == .queued)
        #expect(state.arrive(Self.job("a", heldBytes: 10), 3, now: now).answer == .queued)
        #expect(state.endWork(Self.job("a", heldBytes: 60), now: now) == [])
        #expect(state.release(60, now: now) == [2, 3])
        #expect(state.allHeldBytes == 70)
    }

    @Test mutating func `if a waiting job is withdrawn, the jobs after it are granted`() {
        state = Self.make(permits: 2, heldBytes: 100)
        #expect(state.arrive(Self.job("a", heldBytes: 60), 1, now: now).answer == .granted)
        #expect(state.arrive(Self.job("a", heldBytes: 60), 2, now: now).answer == .queued)
        #expect(state.arrive(Self.job("a", heldBytes: 10), 3, now: now).answer == .queued)
        #expect(state.withdraw(2, now: now) == [3])
    }

    // MARK: Rejections

    @Test mutating func `a job is rejected by the work queued before it, not by its own`() {
        state = Self.make(wait: .seconds(3))
        #expect(arrive("a", 10, 1) == .granted)
        #expect(arrive("a", 20, 2) == .queued)
        #expect(arrive("a", 500, 3) == .queued)
        #expect(arrive("a", 1, 4) == .rejected(.full(retryAfterSeconds: 53)))
    }

    @Test mutating func `the newest job of the client with most work is displaced by a client with less`() {
        state = Self.make(wait: .seconds(4))
        for ticket in 0...4 { #expect(arrive("many", 10, ticket) == (ticket == 0 ? .granted : .queued)) }
        let (answer, displaced) = state.arrive(Self.job("few", 10), 5, now: now)
        #expect(answer == .queued)
        #expect(displaced == [4])
        #expect(arrive("many", 10, 6) == .rejected(.full(retryAfterSeconds: 5)))
        #expect(state.arrive(Self.job("few", 10), 7, now: now).displaced == [3])
        // Now both clients have the same amount of work waiting, so every new job is rejected.
        #expect(arrive("few", 10, 8) == .rejected(.full(retryAfterSeconds: 5)))
        #expect(arrive("many", 10, 9) == .rejected(.full(retryAfterSeconds: 5)))
        #expect(order() == [1, 5, 2, 7])
    }

    @Test mutating func `no job is displaced if the new job would be rejected all the same`() {
        state = Self.make(wait: .seconds(4))
        for ticket in 0...4 { #expect(arrive("many", 10, ticket) == (ticket == 0 ? .granted : .queued)) }
        // Nearly all waiting jobs have a lower tag than this one. Dropping only the last job would not make enough
        // room.
        let (answer, displaced) = state.arrive(Self.job("dear", 45), 5, now: now)
        #expect(answer == .rejected(.full(retryAfterSeconds: 5)))
        #expect(displaced == [])
        #expect(state.waiting == 4)
        #expect(order() == [1, 2, 3, 4])
    }

    @Test(arguments: [0, 1, 2]) mutating func `the queue holds at most its limit of jobs`(limit: Int) {
        state = Self.make(queue: limit)
        #expect(arrive("a", 10, 0) == .granted)
        for ticket in 0..<limit { #expect(arrive("a", 10, ticket + 1) == .queued) }
        #expect(arrive("a", 10, 9) == .rejected(.full(retryAfterSeconds: limit + 1)))
        #expect(state.waiting == limit)
    }

    @Test mutating func `the measured rate decides which jobs are in time`() {
        state = Self.make(wait: .milliseconds(3500))
        for ticket in 0...2 { #expect(arrive("a", 10, ticket) == (ticket == 0 ? .granted : .queued)) }
        // One job took ten seconds instead of one. The rate forgets old measurements and is now half a job per second,
        // so two jobs take four seconds.
        #expect(state.endWork(Self.job("a", 10), now: now + .seconds(10)) == [1])
        #expect(
            state.arrive(Self.job("a"), 3, now: now + .seconds(10)).answer == .rejected(.full(retryAfterSeconds: 4)))
        #expect(state.endWork(Self.job("a", 10), now: now + .seconds(20)) == [2])
        #expect(state.endWork(Self.job("a", 10), now: now + .seconds(30)) == [])
        // Long after the end of the work, the queue behaves as at first.
        let later = now + .seconds(60)
        for ticket in 10...13 {
            #expect(state.arrive(Self.job("a"), ticket, now: later).answer == (ticket == 10 ? .granted : .queued))
        }
        #expect(state.arrive(Self.job("a"), 14, now: later).answer != .queued)
    }

    @Test mutating func `the oldest age is that of the job that has waited longest`() {
        #expect(arrive("first", 10, 0) == .granted)
        #expect(arrive("heavy", 500, 1) == .queued)
        #expect(state.arrive(Self.job("light"), 2, now: now + .seconds(2)).answer == .queued)
        #expect(state.oldestAge(now: now + .seconds(3)) == .seconds(3))
        #expect(state.withdraw(1, now: now + .seconds(3)) == [])
        #expect(state.oldestAge(now: now + .seconds(3)) == .seconds(1))
        #expect(state.withdraw(2, now: now + .seconds(3)) == [])
        #expect(state.oldestAge(now: now + .seconds(3)) == .zero)
    }

    @Test mutating func `thousands of withdrawn jobs leave no records`() {
        #expect(arrive("first", 10, 0) == .granted)
        #expect(arrive("stays", 10, 1) == .queued)
        for ticket in 2..<5000 {
            #expect(arrive("client \(ticket % 7)", 10, ticket) == .queued)
            #expect(state.withdraw(ticket, now: now) == [])
        }
        #expect(state.waiting == 1)
        #expect(state.remembered < 200)
        #expect(order() == [1])
    }

    /// Permits, held bytes and waiting jobs are counted correctly after any sequence of events.
    @Test mutating func `all counts are right after any sequence of events`() {
        var random = SplitMix(state: 7)
        state = Self.make(permits: 3, load: 100, heldBytes: 300, queue: 20, wait: .seconds(40))
        var waiting: [Int: State.Job] = [:]
        var inside: [Int: State.Job] = [:]
        var time = now
        func enter(_ tickets: [Int]) {
            for ticket in tickets {
                let job = waiting.removeValue(forKey: ticket)
                #expect(job != nil)
                inside[ticket] = job
            }
        }
        for ticket in 0..<5000 {
            time += .milliseconds(Int(random.next() % 500))
            switch random.next() % 5 {
            case 0, 1, 2:
                let client = "\(random.next() % 4)"
                let job = Self.job(client, Int(random.next() % 60), heldBytes: Int(random.next() % 150))
                let (answer, displaced) = state.arrive(job, ticket, now: time)
                for ticket in displaced { #expect(waiting.removeValue(forKey: ticket) != nil) }
                if answer == .granted { inside[ticket] = job }
                if answer == .queued { waiting[ticket] = job }
                if answer != .queued { #expect(displaced.isEmpty) }
            case 3:
                guard let (ticket, job) = inside.min(by: { $0.key < $1.key }) else { continue }
                inside[ticket] = nil
                enter(state.endWork(job, now: time))
                enter(state.release(job.heldBytes, now: time))
            default:
                guard let ticket = waiting.keys.max() else { continue }
                waiting[ticket] = nil
                let due = state.withdraw(ticket, now: time)
                #expect(due != nil)
                enter(due ?? [])
            }
            #expect(state.permits == inside.count)
            #expect(state.waiting == waiting.count)
            #expect(state.allHeldBytes == inside.values.reduce(0) { $0 + $1.heldBytes })
            #expect(state.allHeldBytes <= 300)
            #expect(state.waiting <= 20)
            // If jobs wait, at least one job has a permit.
            #expect(!inside.isEmpty || waiting.isEmpty)
        }
    }
}
