/// How slow a client may be.
struct RateLimit {
    /// Bytes per second that every client must reach; 0 for no limit.
    var least: Int
    /// Bytes per second that a client must reach while others wait for the same memory.
    var contended: Int

    /// The limit that this rate misses; nil if it is fast enough.
    ///
    /// - Parameter isContended: Called only if it matters.
    func missed(by rate: Int, isContended: () -> Bool) -> Int? {
        guard self.least > 0 else { return nil }
        if rate < self.least { return self.least }
        return rate < self.contended && isContended() ? self.contended : nil
    }
}
