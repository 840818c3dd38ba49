/// A token bucket over all requests of a client: retries cost, successes pay back. A store that is down is not asked
/// four times as much as one that is up, since the bucket runs dry and every request then has one try.
///
/// The prices are those of the AWS SDKs' standard retry mode.
struct RetryBudget: Sendable, Hashable {
    static let capacity = 500
    static let retryPrice = 5
    static let timeoutPrice = 10
    static let successReturn = 1

    private(set) var tokens = RetryBudget.capacity

    /// Takes the price of one retry and says how much it was; nil, and nothing taken, where there is too little.
    mutating func take(afterTimeout: Bool) -> Int? {
        let price = afterTimeout ? Self.timeoutPrice : Self.retryPrice
        guard tokens >= price else { return nil }
        tokens -= price
        return price
    }

    /// After a success.
    ///
    /// - Parameter price: what its last retry has cost, which was well spent; nil where it needed none.
    mutating func payBack(_ price: Int?) {
        tokens = min(tokens + (price ?? Self.successReturn), Self.capacity)
    }
}
