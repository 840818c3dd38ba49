import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How long a thread has answered without a pause; now and then it lets the others of its core go first.
///
/// A quick answer takes some 15 microseconds, but where the next request is always there already, Linux leaves a thread
/// on its core for 3 ms or more. Whoever shares the core stands still meanwhile: a proxy or a client beside the server,
/// and with it all whose answers it holds. To yield where nobody waits costs less than a microsecond.
struct LoopYieldPolicy {
    private static let longest = TimeAmount.microseconds(300)
    /// An event loop that was away for so long has waited, or done something else.
    private static let pause = TimeAmount.microseconds(50)

    private var began = NIODeadline.uptimeNanoseconds(0)
    private var ended = NIODeadline.uptimeNanoseconds(0)
    private var isOver = false

    /// To be called when something has been answered.
    /// - Returns: Whether it is time to yield, as soon as the connections that are ready now have been answered too.
    ///   Not
    ///   again before that has been done.
    mutating func note(from start: NIODeadline, until end: NIODeadline) -> Bool {
        if start - self.ended > Self.pause { self.began = start }
        self.ended = end
        guard !self.isOver, end - self.began > Self.longest else { return false }
        self.isOver = true
        return true
    }

    /// Lets others go first. The next turn begins whenever this thread goes on.
    mutating func yield() {
        sched_yield()
        self = LoopYieldPolicy()
    }
}
