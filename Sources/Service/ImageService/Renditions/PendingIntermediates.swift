import Rendering

/// For each original: what its recent renditions would have saved with an intermediate, whether the intermediate is
/// being made now, and whether another try is worth it. The number of versions is bounded; a forgotten one starts again
/// from zero.
struct PendingIntermediates {
    private static let maximumVersions = 10_000

    private struct Account {
        /// In microseconds.
        var saved = 0
        var isBeingMade = false
        var isGivenUp = false
    }

    private var accounts: [OriginalVersion: Account] = [:]

    /// Whether a rendition of this version, which is about to be made without an intermediate, should make one. If so,
    /// call ``end(_:isWorthAnother:)`` after it.
    mutating func begin(_ version: OriginalVersion, at price: IntermediateCost) -> Bool {
        if accounts.count >= Self.maximumVersions, accounts[version] == nil {
            accounts = accounts.filter { $1.isBeingMade }
        }
        var account = accounts[version] ?? Account()
        defer { accounts[version] = account }
        guard !account.isGivenUp, !account.isBeingMade else { return false }
        if price.isWorthMaking(saved: account.saved) {
            account.isBeingMade = true
            return true
        }
        account.saved += max(0, price.saving)
        return false
    }

    /// Whether nobody is making it now, and a try is worth it.
    func isOpen(_ version: OriginalVersion) -> Bool {
        guard let account = accounts[version] else { return true }
        return !account.isGivenUp && !account.isBeingMade
    }

    /// - Parameter isWorthAnother: whether it may be made again if it is missing.
    mutating func end(_ version: OriginalVersion, isWorthAnother: Bool) {
        accounts[version] = isWorthAnother ? nil : Account(isGivenUp: true)
    }
}
