/// How slow a client may be.
struct RateLimit {
    /// Bytes a second that are asked of every client; 0: nothing is.
    var least: Int
    /// Bytes a second that are asked while others wait for the same memory.
    var contended: Int

    /// The rate that this one falls short of; nil where it is fast enough.
    ///
    /// - Parameter isContended: Only asked where it matters.
    func missed(by rate: Int, isContended: () -> Bool) -> Int? {
        guard self.least > 0 else { return nil }
        if rate < self.least { return self.least }
        return rate < self.contended && isContended() ? self.contended : nil
    }
}
