/// Tells a request that its answer needs work on a codec. An answer that costs little is made even if the client may
/// have left; a permit for the codecs is not taken then.
///
/// A class, because a closure as a task-local value does not work: with optimisation, Swift 6.3 crashes if one is
/// bound.
public final class CodecDemand: Sendable {
    /// The demand of the request that this task works for.
    @TaskLocal public static var current: CodecDemand?

    private let onNeed: @Sendable () -> Void

    /// - Parameter onNeed: called before the wait for a codec permit, by the task of the request or one that works for
    ///   it. It is not called for a request that joins work under way for another.
    public init(onNeed: @escaping @Sendable () -> Void) {
        self.onNeed = onNeed
    }

    /// Says that a permit for the codecs is needed now.
    public func note() { onNeed() }
}
