import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Measures how long a thread has answered without a pause. From time to time it lets the other threads of its core
/// run.
///
/// A fast response takes some 15 microseconds. If the next request is always there already, Linux leaves a thread on
/// its core for 3 ms or more. Other threads on that core stand still meanwhile: a proxy or a client on the same
/// machine, and everything that waits for them. A yield costs less than a microsecond if nobody waits.
struct LoopYieldPolicy {
    private static let longest = TimeAmount.microseconds(300)
    /// After so long a gap, the event loop must have waited or done something else.
    private static let pause = TimeAmount.microseconds(50)

    private var began = NIODeadline.uptimeNanoseconds(0)
    private var ended = NIODeadline.uptimeNanoseconds(0)
    private var isOver = false

    /// Call it after each response.
    /// - Returns: Whether to yield, after the connections that are ready now have been answered too. It does not return
    ///   true again before that yield.
    mutating func note(from start: NIODeadline, until end: NIODeadline) -> Bool {
        if start - self.ended > Self.pause { self.began = start }
        self.ended = end
        guard !self.isOver, end - self.began > Self.longest else { return false }
        self.isOver = true
        return true
    }

    /// Lets other threads run. The next interval begins when this thread continues.
    mutating func yield() {
        sched_yield()
        self = LoopYieldPolicy()
    }
}
