/// Why a job got no permit from a ``FairQueue``. Asking again after `retryAfterSeconds` (1 to 60) is worth a try:
/// by the recent pace what stands before is done by then.
public enum AdmissionRejection: Error, Sendable, Hashable {
    /// More is waiting than gets a permit in time. Said at once.
    case full(retryAfterSeconds: Int)
    /// It waited, and had to make way for a client who had less waiting.
    case displaced(retryAfterSeconds: Int)
    /// It got no permit before its deadline.
    case tooLate(retryAfterSeconds: Int)
    /// The job alone holds more bytes than there are.
    case exceedsHeldBytes(limit: Int)
    /// Whoever asked has left.
    case cancelled
}
