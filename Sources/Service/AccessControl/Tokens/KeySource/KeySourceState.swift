import Crypto

/// The keys of a ``TokenKeySource``, and the rules of when to refresh and when to drop them. Pure: it is told the time,
/// and performs nothing.
struct KeySourceState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// From the end of one refresh in the background to the next.
    static let interval: Duration = .seconds(300)
    /// Between two refreshes for unknown keys; and in the background as long as there is no set at all.
    static let shortInterval: Duration = .seconds(60)
    /// How long the last good set may stand in after its last success.
    static let maximumAge: Duration = .seconds(24 * 3_600)

    /// Why a refresh is asked for.
    enum Reason: Sendable {
        /// Its time has come.
        case scheduled
        /// A token names a key that is not there. Anybody can send such a token, so this is granted once a minute.
        case unknownKey
    }

    /// What is to be done about it.
    enum Decision: Sendable {
        /// Begin one.
        case start
        /// Wait for the one that is under way.
        case join
        /// Nothing: the last one for this reason is too recent.
        case tooSoon
    }

    /// A set that was fetched and read.
    struct Fetched: Sendable {
        var keys: TokenKeys
        /// Of the bytes.
        var digest: SHA256Digest
    }

    private var secrets: TokenKeys
    private var fileKeys: TokenKeys
    private var fetched: Fetched?
    private var isRefreshing = false
    private var lastUnknownKey: Instant?
    private var lastSuccess: Instant?
    /// The keys of every source.
    private(set) var keys: TokenKeys
    /// Grows with each change of the keys.
    private(set) var generation: UInt64 = 1

    init(secrets: TokenKeys, fileKeys: TokenKeys) {
        self.secrets = secrets
        self.fileKeys = fileKeys
        keys = secrets.union(fileKeys)
    }

    mutating func replace(secrets: TokenKeys) {
        self.secrets = secrets
        change()
    }

    mutating func replace(fileKeys: TokenKeys) {
        self.fileKeys = fileKeys
        change()
    }

    mutating func ask(_ reason: Reason, at now: Instant) -> Decision {
        if isRefreshing { return .join }
        if reason == .unknownKey {
            if let last = lastUnknownKey, now < last + Self.shortInterval { return .tooSoon }
            lastUnknownKey = now
        }
        isRefreshing = true
        return .start
    }

    /// Ends the refresh that was begun.
    ///
    /// - Parameter fetched: nil: it failed. The last good set is kept.
    mutating func finish(_ fetched: Fetched?, at now: Instant) {
        isRefreshing = false
        guard let fetched else { return }
        lastSuccess = now
        // The same bytes are the same keys: verified tokens need not be verified anew.
        guard fetched.digest != self.fetched?.digest else { return }
        self.fetched = fetched
        change()
    }

    /// Drops the fetched set if it is too old.
    ///
    /// - Returns: whether it was dropped.
    mutating func dropStale(at now: Instant) -> Bool {
        guard fetched != nil, let lastSuccess, now >= lastSuccess + Self.maximumAge else { return false }
        fetched = nil
        change()
        return true
    }

    /// When the background task has something to do again.
    func nextWake(after now: Instant) -> Instant {
        guard fetched != nil, let lastSuccess else { return now + Self.shortInterval }
        return min(now + Self.interval, lastSuccess + Self.maximumAge)
    }

    private mutating func change() {
        keys = secrets.union(fileKeys)
        if let fetched { keys = keys.union(fetched.keys) }
        generation += 1
    }
}
