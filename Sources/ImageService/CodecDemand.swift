/// How a request learns that its answer takes work on a codec: an answer that costs little is made for a client that may
/// have left, a turn at a codec is not taken for it.
public enum CodecDemand {
    /// Called before a turn at a codec is waited for, by the task of the request or one that works for it. Whoever joins
    /// work that is under way for another is not told.
    @TaskLocal public static var onNeed: (@Sendable () -> Void)?
}
