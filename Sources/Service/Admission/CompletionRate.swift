#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many bytes of work are finished in a second while there is always more to do, as lately seen: what was finished
/// divided by the time it took, both forgotten exponentially.
///
/// Only time in which work waits counts, since else the pace is that of the requests and not ours. In calm times the
/// rate goes back to a guess just as fast: the next pictures may be of another kind.
struct CompletionRate: Sendable {
    private let guess: Double
    private var bytes: Double
    private var seconds: Double
    private var last: ContinuousClock.Instant?

    /// After so many seconds 37 % (1/e) of what was seen still count.
    private static let memory = 2.0
    /// The guess weighs as much as a measurement of so many seconds.
    private static let weightOfGuess = 0.2

    /// - Parameter guess: bytes in a second, more than 0, believed until something is known.
    init(guess: Double) {
        precondition(guess > 0, "a pace is more than nothing")
        self.guess = guess
        bytes = guess * Self.weightOfGuess
        seconds = Self.weightOfGuess
    }

    var bytesPerSecond: Double { bytes / seconds }

    /// Time goes by.
    /// - Parameter isBusy: whether work was waiting all the time since the last call.
    mutating func advance(to now: ContinuousClock.Instant, isBusy: Bool) {
        defer { last = now }
        guard let last, last < now else { return }
        let kept = exp(-(now - last).inSeconds / Self.memory)
        bytes *= kept
        seconds *= kept
        if isBusy {
            // The integral over time that is forgotten at the same pace.
            seconds += Self.memory * (1 - kept)
        } else {
            bytes += guess * Self.weightOfGuess * (1 - kept)
            seconds += Self.weightOfGuess * (1 - kept)
        }
    }

    /// So much was finished while more was waiting.
    mutating func finish(_ cost: Int) { bytes += Double(cost) }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
