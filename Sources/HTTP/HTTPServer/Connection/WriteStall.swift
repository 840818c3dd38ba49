import NIOCore

/// A pure clock that finds clients that take no bytes. From time to time it gets the total number of bytes that the
/// kernel has taken, and reports if that number has not changed for too long.
struct WriteStall {
    /// What a check finds.
    enum Outcome: Equatable {
        /// Check again at this time.
        case checkAgain(at: NIODeadline)
        /// No byte was taken during the whole time.
        case stalled
    }

    private let limit: TimeAmount
    private var taken: Int
    private var progressAt: NIODeadline

    /// - Parameters:
    ///   - limit: How long it may take until a byte is taken.
    ///   - taken: How many bytes have been taken up to now.
    ///   - now: The time.
    init(limit: TimeAmount, taken: Int, now: NIODeadline) {
        self.limit = limit
        self.taken = taken
        self.progressAt = now
    }

    /// The delay until the first check and between two checks.
    var interval: TimeAmount { .nanoseconds(max(1, self.limit.nanoseconds / 4)) }

    /// Checks the number of bytes taken up to now.
    mutating func check(taken: Int, now: NIODeadline) -> Outcome {
        if taken > self.taken {
            self.taken = taken
            self.progressAt = now
        } else if now - self.progressAt >= self.limit {
            return .stalled
        }
        return .checkAgain(at: now + self.interval)
    }
}
