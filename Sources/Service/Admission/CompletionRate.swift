#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many bytes of work are finished per second while more work waits: recent work divided by the time it took. Both
/// are forgotten exponentially.
///
/// Only time in which work waits counts; else the rate would be that of the requests and not ours. When nothing waits,
/// the rate returns to a guess just as fast, because the next pictures may be of another kind.
struct CompletionRate: Sendable {
    private let guess: Double
    private var bytes: Double
    private var seconds: Double
    private var last: ContinuousClock.Instant?

    /// After so many seconds, 37 % (1/e) of a measurement still counts.
    private static let memory = 2.0
    /// The guess weighs as much as so many seconds of measurement.
    private static let weightOfGuess = 0.2

    /// - Parameter guess: bytes per second, more than 0; used until there are measurements.
    init(guess: Double) {
        precondition(guess > 0, "a pace is more than nothing")
        self.guess = guess
        bytes = guess * Self.weightOfGuess
        seconds = Self.weightOfGuess
    }

    var bytesPerSecond: Double { bytes / seconds }

    /// Lets time pass.
    /// - Parameter isBusy: whether work was waiting during the whole time since the last call.
    mutating func advance(to now: ContinuousClock.Instant, isBusy: Bool) {
        defer { last = now }
        guard let last, last < now else { return }
        let kept = exp(-(now - last).inSeconds / Self.memory)
        bytes *= kept
        seconds *= kept
        if isBusy {
            // The integral over time, forgotten at the same pace.
            seconds += Self.memory * (1 - kept)
        } else {
            bytes += guess * Self.weightOfGuess * (1 - kept)
            seconds += Self.weightOfGuess * (1 - kept)
        }
    }

    /// Records finished work. Call it only if more work was waiting meanwhile.
    mutating func finish(_ cost: Int) { bytes += Double(cost) }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
