import Admission
import ImageCache
import NIOCore
import TaskSupport

/// Keeps memory counted until a reader has taken the last byte of an answer. Release it then, or when the connection
/// has ended, and not before.
public struct AnswerHold: Sendable {
    private let held: any Sendable

    init(_ held: any Sendable) { self.held = held }
}

/// The budget for bytes that readers have not taken yet and that no other budget counts: renditions too large for the
/// cache, and the buffers of originals that are streamed without being cached. One client gets a quarter, but a single
/// answer may be larger.
struct AnswerMemory: Sendable {
    typealias Budget = ByteBudget<ClientIdentity>

    let budget: Budget
    /// How long an answer waits for its bytes.
    private let timeout: Duration
    private let clock: MonotonicClock
    private let share: Int
    private let limit: Int

    /// How many answers may wait; one more is rejected.
    private static let maximumWaiting = 1_000

    init(bytes: Int, timeout: Duration, clock: MonotonicClock = .continuous) {
        limit = bytes
        share = bytes / 4
        budget = ByteBudget(limit: bytes, queueLimit: Self.maximumWaiting, share: share, clock: clock)
        self.timeout = timeout
        self.clock = clock
    }

    /// Waits for so many bytes.
    func admit(_ bytes: Int, for client: ClientIdentity) async throws(ServiceError) -> Budget.Reservation {
        do {
            return try await budget.acquire(bytes, for: client, deadline: clock.now() + timeout)
        } catch .exceedsBudget {
            throw Self.tooLarge(bytes, limit: limit)
        } catch {
            throw ServiceError(error)
        }
    }

    /// Reserves memory, before it is made, for an answer of about this length.
    func admit(about bytes: Int, for client: ClientIdentity) async throws(ServiceError) -> Budget.Reservation {
        // It may turn out shorter. If it is longer than a share, the rest is settled when its length is known.
        try await admit(min(bytes, share), for: client)
    }

    /// Counts bytes that are in memory already, for any number of clients that ask for the same. Never waits: the bytes
    /// would be uncounted meanwhile.
    ///
    /// - Parameter reservation: what was reserved for them before they were made.
    func settle(
        _ bytes: Int, in reservation: Budget.Reservation?, for client: ClientIdentity
    ) throws(ServiceError) -> JointReservation<ClientIdentity> {
        guard bytes <= limit else { throw Self.tooLarge(bytes, limit: limit) }
        if let reservation {
            guard reservation.resize(to: bytes) else { throw .overloaded(retryAfter: Self.retryAfter) }
            return JointReservation(reservation, for: client)
        }
        guard let reservation = budget.tryAcquire(bytes, for: client) else {
            throw .overloaded(retryAfter: Self.retryAfter)
        }
        return JointReservation(reservation, for: client)
    }

    /// Whether an answer has waited so long that those who hold bytes must hurry.
    var isContended: Bool { budget.oldestWait >= Self.contendedWait }

    /// Shorter waits are normal: they end with the next finished answer.
    static let contendedWait = Duration.seconds(2)

    private static let retryAfter = 5

    private static func tooLarge(_ bytes: Int, limit: Int) -> ServiceError {
        .beyondLimit(
            "This answer has \(bytes) bytes, which may not stay in memory for a reader: at most \(limit) may "
                + "(ANSWER_MEMORY_BYTES).")
    }
}
