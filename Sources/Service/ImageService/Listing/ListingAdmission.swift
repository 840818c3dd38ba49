import Admission
import Metrics
import TaskSupport

/// Permits for listing, shared evenly between clients. A page of a thousand keys costs the store and this process as
/// much as hundreds of hits, and clients that list must not delay those that read.
///
/// A thread of its own processes the thousands of names of a page. It gives way to the event loops and the codec
/// threads.
struct ListingAdmission: Sendable {
    private let permits: FairQueue<ClientIdentity>
    private let pool: WorkerPool
    private let timeout: Duration
    private let clock: MonotonicClock
    private let rejected = Counter(label: "tintype_listings_rejected_total")

    /// Pages that are read from the store at the same time.
    static let running = 4
    /// Requests that may wait for a permit.
    static let waiting = 64
    /// Keys that are listed per second, assumed before there are measurements.
    private static let pace = 20_000.0

    /// A rejection is answered after this delay. So a client that asks again at once costs next to nothing.
    static let rejectionDelay = Duration.seconds(1)

    init(timeout: Duration = .seconds(5), clock: MonotonicClock = .continuous) {
        permits = FairQueue(
            .init(
                permits: Self.running, load: 0, heldBytes: 0, queue: Self.waiting, wait: timeout, pace: Self.pace),
            clock: clock)
        pool = WorkerPool(threads: 1, queueLimit: Self.running, name: "listing", niceness: 15, clock: clock)
        self.timeout = timeout
        self.clock = clock
    }

    /// Lists with a permit.
    ///
    /// - Parameters:
    ///   - limit: the number of keys asked for.
    ///   - read: gets the page from the store.
    ///   - finish: makes the result of it, on another thread.
    /// - Throws: ``ServiceError/overloaded(retryAfter:)`` if too many clients list.
    func run<Page: Sendable, Value: Sendable>(
        limit: Int, for client: ClientIdentity, read: () async throws(ServiceError) -> Page,
        finish: @escaping @Sendable (Page) -> Value
    ) async throws(ServiceError) -> Value {
        let permit = try await acquire(limit, client)
        defer { permit.release() }
        let page = try await read()
        do {
            // The queue of the thread has a place for every permit.
            return try await pool.run(deadline: clock.now() + .seconds(30)) { _ in finish(page) }
        } catch let error as AdmissionError {
            throw ServiceError(error)
        } catch {
            throw .defect(error)
        }
    }

    private func acquire(
        _ limit: Int, _ client: ClientIdentity
    ) async throws(ServiceError) -> FairQueue<ClientIdentity>.Permit {
        do {
            return try await permits.acquire(
                .init(client: client, heldBytes: 0, cost: max(1, limit)), deadline: clock.now() + timeout)
        } catch {
            switch error {
            case .full(let seconds), .displaced(let seconds), .tooLate(let seconds):
                rejected.increment()
                do {
                    try await clock.pause(for: Self.rejectionDelay)
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
