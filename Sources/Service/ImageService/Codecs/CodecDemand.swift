/// How a request learns that its answer takes work on a codec: an answer that costs little is made for a client that
/// may have left, a permit for the codecs is not taken for it.
///
/// A class, and no closure as a task's value: with optimisation, Swift 6.3 crashes where a closure is bound as one.
public final class CodecDemand: Sendable {
    /// That of the request for which this task works.
    @TaskLocal public static var current: CodecDemand?

    private let onNeed: @Sendable () -> Void

    /// - Parameter onNeed: called before a permit for the codecs is waited for, by the task of the request or one that
    ///   works for
    ///   it. Whoever joins work that is under way for another is not told.
    public init(onNeed: @escaping @Sendable () -> Void) {
        self.onNeed = onNeed
    }

    /// Says that a permit for the codecs is needed now.
    public func note() { onNeed() }
}
