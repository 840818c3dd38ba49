import NIOConcurrencyHelpers

/// Counts the bytes that cached bodies hold. Bodies that have left the cache but are still being sent count too: they
/// take memory as long as a slow reader reads.
final class ByteAccount: Sendable {
    private let shares: NIOLockedValueBox<BodyShares>

    init(limit: Int) {
        shares = NIOLockedValueBox(BodyShares(limit: limit))
    }

    /// Bytes held now.
    var used: Int { shares.withLockedValue { $0.used } }

    /// Takes so many bytes if they are free.
    func take(_ bytes: Int, for kind: BodyKind) -> Bool {
        shares.withLockedValue { $0.take(bytes, for: kind) }
    }

    func give(_ bytes: Int, of kind: BodyKind) {
        shares.withLockedValue { $0.give(bytes, of: kind) }
    }

    /// See ``BodyShares/yielding(to:of:)``.
    func yielding(to bytes: Int, of kind: BodyKind) -> [BodyKind] {
        shares.withLockedValue { $0.yielding(to: bytes, of: kind) }
    }
}

/// Bytes taken from an account. They are given back when the last holder releases this.
final class ByteReceipt: Sendable {
    let bytes: Int
    let kind: BodyKind
    private let account: ByteAccount

    /// Nil if the account has too few free bytes.
    init?(_ bytes: Int, for kind: BodyKind, from account: ByteAccount) {
        guard account.take(bytes, for: kind) else { return nil }
        self.bytes = bytes
        self.kind = kind
        self.account = account
    }

    deinit {
        account.give(bytes, of: kind)
    }
}
