import Admission
import Metrics
import TaskSupport

/// Permits for listing, shared evenly between clients: a page of a thousand keys costs the store and this process as
/// much as hundreds of hits, and whoever lists must not stand in the way of those who read.
///
/// What is done with a page, thousands of names, is done on a thread of its own, which gives way to the event loops and
/// to the codec threads.
struct ListingAdmission: Sendable {
    private let permits: FairQueue<ClientIdentity>
    private let pool: WorkerPool
    private let timeout: Duration
    private let clock: MonotonicClock
    private let refused = Counter(label: "tintype_listings_refused_total")

    /// Pages that are read from the store at once.
    static let running = 4
    /// Requests that may wait for a permit.
    static let waiting = 64
    /// Keys that are listed in a second, until it is known.
    private static let pace = 20_000.0

    /// A refusal is answered after so long. A client that asks again at once then costs next to nothing.
    static let refusalDelay = Duration.seconds(1)

    init(timeout: Duration = .seconds(5), clock: MonotonicClock = .continuous) {
        permits = FairQueue(
            .init(
                permits: Self.running, load: 0, heldBytes: 0, queue: Self.waiting, wait: timeout, pace: Self.pace),
            clock: clock)
        pool = WorkerPool(threads: 1, queueLimit: Self.running, name: "listing", niceness: 15, clock: clock)
        self.timeout = timeout
        self.clock = clock
    }

    /// Lists under a permit.
    ///
    /// - Parameters:
    ///   - limit: keys that are asked for.
    ///   - read: gets the page from the store.
    ///   - finish: makes of it what is wanted, on another thread.
    /// - Throws: ``ServiceError/overloaded(retryAfter:)`` where too many list.
    func run<Page: Sendable, Value: Sendable>(
        limit: Int, for requester: ClientIdentity, read: () async throws(ServiceError) -> Page,
        finish: @escaping @Sendable (Page) -> Value
    ) async throws(ServiceError) -> Value {
        let permit = try await acquire(limit, requester)
        defer { permit.release() }
        let page = try await read()
        do {
            // Whoever has a permit has a place on the thread as well.
            return try await pool.run(deadline: clock.now() + .seconds(30)) { _ in finish(page) }
        } catch let error as AdmissionError {
            throw ServiceError(error)
        } catch {
            throw .defect(error)
        }
    }

    private func acquire(
        _ limit: Int, _ requester: ClientIdentity
    ) async throws(ServiceError) -> FairQueue<ClientIdentity>.Permit {
        do {
            return try await permits.acquire(
                .init(client: requester, heldBytes: 0, cost: max(1, limit)), deadline: clock.now() + timeout)
        } catch {
            switch error {
            case .full(let seconds), .displaced(let seconds), .tooLate(let seconds):
                refused.increment()
                do {
                    try await clock.pause(for: Self.refusalDelay)
                } catch {
                    throw .cancelled
                }
                throw .overloaded(retryAfter: seconds)
            case .exceedsHeldBytes: throw .overloaded(retryAfter: 1)
            case .cancelled: throw .cancelled
            }
        }
    }
}
