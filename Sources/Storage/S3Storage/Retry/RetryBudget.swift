/// A token bucket for all requests of a client: retries take tokens, successes give some back. So a store that is down
/// does not get four times as many requests: the bucket runs dry, and every request then has one try.
///
/// The costs are those of the AWS SDKs' standard retry mode.
struct RetryBudget: Sendable, Hashable {
    static let capacity = 500
    static let retryPrice = 5
    static let timeoutPrice = 10
    static let successReturn = 1

    private(set) var tokens = RetryBudget.capacity

    /// Takes the cost of one retry and returns it. Nil if there are too few tokens; then none is taken.
    mutating func take(afterTimeout: Bool) -> Int? {
        let price = afterTimeout ? Self.timeoutPrice : Self.retryPrice
        guard tokens >= price else { return nil }
        tokens -= price
        return price
    }

    /// Gives tokens back after a success.
    ///
    /// - Parameter price: the cost of its last retry, which is given back; nil if it needed none.
    mutating func payBack(_ price: Int?) {
        tokens = min(tokens + (price ?? Self.successReturn), Self.capacity)
    }
}
