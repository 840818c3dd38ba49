/// Why a job was not given its turn by a ``FairQueue``. Asking again after `retryAfterSeconds` (1 to 60) is worth a try:
/// by the recent pace what stands before is done by then.
public enum TurnRefusal: Error, Sendable, Hashable {
    /// More is waiting than has its turn in time. Said at once.
    case full(retryAfterSeconds: Int)
    /// It waited, and had to make way for a client who had less waiting.
    case displaced(retryAfterSeconds: Int)
    /// Its turn did not come before its deadline.
    case tooLate(retryAfterSeconds: Int)
    /// The job alone needs more room than there is.
    case exceedsRoom(limit: Int)
    /// Whoever asked has left.
    case cancelled
}
