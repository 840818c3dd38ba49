import Rendering

/// What the renditions of late would have saved, had there been an intermediate of their original; which intermediates
/// are being made, and which are not worth another try. Of so many versions at most: what is forgotten begins anew.
struct PendingIntermediates {
    private static let maximumVersions = 10_000

    private struct Account {
        /// Microseconds.
        var saved = 0
        var isBeingMade = false
        var isGivenUp = false
    }

    private var accounts: [OriginalVersion: Account] = [:]

    /// A rendition of this version is about to be made without an intermediate: whether it is to make one. Then
    /// ``end(_:isWorthAnother:)`` is to be called.
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

    /// Whether nobody is making it now, and it is worth a try.
    func isOpen(_ version: OriginalVersion) -> Bool {
        guard let account = accounts[version] else { return true }
        return !account.isGivenUp && !account.isBeingMade
    }

    /// - Parameter isWorthAnother: whether it may be made again, where it is missed.
    mutating func end(_ version: OriginalVersion, isWorthAnother: Bool) {
        accounts[version] = isWorthAnother ? nil : Account(isGivenUp: true)
    }
}
