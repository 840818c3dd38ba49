/// Whether a failed try is repeated, and after what pause. Pure: the caller passes the random number.
struct RetryPolicy: Sendable {
    /// Tries of one request, including the first: if every third answer is lost, one request in 700 still fails. The
    /// budget keeps a store that is down from getting as many.
    var maximumTries = 6
    /// The longest pause before the second try; it doubles with every further try.
    var base: Duration = .milliseconds(50)
    /// The longest pause of all.
    var ceiling: Duration = .seconds(2)

    /// Whether a request may be sent again after its `tries`-th try failed in this way.
    func allowsRetry(after kind: S3RequestError.Kind, of repeatability: S3Request.Repeatability, tries: Int) -> Bool {
        guard tries < maximumTries else { return false }
        switch kind {
        case .errorAnswer(let error):
            return error.isTransient && (repeatability == .always || error.saysUntouched)
        case .transport(let untouched, _):
            return untouched || repeatability == .always
        case .timedOut:
            return repeatability == .always
        case .noCredentials:
            return true
        case .badAnswer, .overloaded, .cancelled:
            return false
        }
    }

    /// "Full jitter" (AWS Architecture Blog, "Exponential Backoff and Jitter"): anything from zero to the doubled
    /// limit, so that clients that failed together do not come back together.
    ///
    /// - Parameter random: at least 0, less than 1.
    func pause(after tries: Int, random: Double) -> Duration {
        let doublings = min(max(tries - 1, 0), 16)
        let limit = min(base * (1 << doublings), ceiling)
        return limit * random
    }
}
