import NIOCore

/// The pure clock that finds a client that takes no bytes: fed now and then with how many bytes the kernel has taken
/// in all, it says when that number has stood still for too long.
struct WriteStall {
    /// What a check finds.
    enum Outcome: Equatable {
        /// Look again then.
        case checkAgain(at: NIODeadline)
        /// No byte was taken for the whole time.
        case stalled
    }

    private let limit: TimeAmount
    private var taken: Int
    private var progressAt: NIODeadline

    /// - Parameters:
    ///   - limit: How long no byte may be taken.
    ///   - taken: How many bytes have been taken up to now.
    ///   - now: The time.
    init(limit: TimeAmount, taken: Int, now: NIODeadline) {
        self.limit = limit
        self.taken = taken
        self.progressAt = now
    }

    /// When to look for the first time, and how long to wait between two looks.
    var interval: TimeAmount { .nanoseconds(max(1, self.limit.nanoseconds / 4)) }

    /// Judges the number of bytes taken up to now.
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
