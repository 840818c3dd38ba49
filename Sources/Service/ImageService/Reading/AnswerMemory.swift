import Admission
import ImageCache
import NIOCore
import TaskSupport

/// What has to stay in memory until a reader has taken the last byte of an answer. To be let go of then, or when its
/// connection has ended, and not before: it is counted for as long as this is held.
public struct AnswerHold: Sendable {
    private let held: any Sendable

    init(_ held: any Sendable) { self.held = held }
}

/// Memory for what readers have not taken yet and what no other budget counts: renditions that the cache cannot hold,
/// and the buffers of originals that stream past it. One client gets a quarter, but that a single answer may be larger.
struct AnswerMemory: Sendable {
    typealias Budget = ByteBudget<ClientIdentity>

    let budget: Budget
    /// How long an answer waits for its bytes.
    private let timeout: Duration
    private let clock: MonotonicClock
    private let share: Int
    private let limit: Int

    /// Answers that wait; one more is refused.
    private static let maximumWaiting = 1_000

    init(bytes: Int, timeout: Duration, clock: MonotonicClock = .continuous) {
        limit = bytes
        share = bytes / 4
        budget = ByteBudget(limit: bytes, queueLimit: Self.maximumWaiting, share: share, clock: clock)
        self.timeout = timeout
        self.clock = clock
    }

    /// Waits for so many bytes.
    func admit(_ bytes: Int, for requester: ClientIdentity) async throws(ServiceError) -> Budget.Reservation {
        do {
            return try await budget.acquire(bytes, for: requester, deadline: clock.now() + timeout)
        } catch .exceedsBudget {
            throw Self.tooLarge(bytes, limit: limit)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Reserves memory for something that will be about so long, before it is made.
    func admit(about bytes: Int, for requester: ClientIdentity) async throws(ServiceError) -> Budget.Reservation {
        // It may turn out smaller, and what is larger than a share is settled when its length is known.
        try await admit(min(bytes, share), for: requester)
    }

    /// Bytes that are in memory already, for any number of clients who ask for the same. Nothing waits here, since they
    /// would be uncounted meanwhile.
    ///
    /// - Parameter reservation: what was taken for them before they were made.
    func settle(
        _ bytes: Int, in reservation: Budget.Reservation?, for requester: ClientIdentity
    ) throws(ServiceError) -> JointReservation<ClientIdentity> {
        guard bytes <= limit else { throw Self.tooLarge(bytes, limit: limit) }
        if let reservation {
            guard reservation.resize(to: bytes) else { throw .overloaded(retryAfter: Self.retryAfter) }
            return JointReservation(reservation, for: requester)
        }
        guard let reservation = budget.tryAcquire(bytes, for: requester) else {
            throw .overloaded(retryAfter: Self.retryAfter)
        }
        return JointReservation(reservation, for: requester)
    }

    /// Whether somebody has waited for so long that those who hold bytes have to make haste.
    var isContended: Bool { budget.oldestWait >= Self.contendedWait }

    /// A shorter wait is one for the next answer that comes to its end.
    static let contendedWait = Duration.seconds(2)

    private static let retryAfter = 5

    private static func tooLarge(_ bytes: Int, limit: Int) -> ServiceError {
        .beyondLimit(
            "This answer has \(bytes) bytes, which may not stay in memory for a reader: at most \(limit) may "
                + "(ANSWER_MEMORY_BYTES).")
    }
}
