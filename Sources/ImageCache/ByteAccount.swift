import NIOConcurrencyHelpers

/// Counts the bytes that cached bodies hold, those included that have left the cache but are still being sent: a slow
/// reader's memory is memory too.
public final class ByteAccount: Sendable {
    /// The most that may be held.
    public let limit: Int
    private let held = NIOLockedValueBox(0)

    public init(limit: Int) {
        self.limit = limit
    }

    /// Bytes held now.
    public var used: Int { held.withLockedValue { $0 } }

    /// Takes so many bytes where there is room for them.
    func take(_ bytes: Int) -> Bool {
        held.withLockedValue { used in
            guard used + bytes <= limit else { return false }
            used += bytes
            return true
        }
    }

    func give(_ bytes: Int) {
        held.withLockedValue { $0 -= bytes }
    }
}
