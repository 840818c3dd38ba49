/// Why a ``FairQueue`` gave a job no permit. The client should retry after `retryAfterSeconds` (1 to 60): at the recent
/// pace, the work ahead of it is done by then.
public enum AdmissionRejection: Error, Sendable, Hashable {
    /// More work is waiting than can get a permit in time. The job is rejected on arrival.
    case full(retryAfterSeconds: Int)
    /// The job was waiting, but had to make way for a client with less work waiting.
    case displaced(retryAfterSeconds: Int)
    /// The job got no permit before its deadline.
    case tooLate(retryAfterSeconds: Int)
    /// The job alone holds more bytes than the limit allows.
    case exceedsHeldBytes(limit: Int)
    /// The caller has cancelled its request.
    case cancelled
}
