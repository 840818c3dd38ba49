import NIOConcurrencyHelpers

/// Tokens that were verified not long ago, so that the next request with the same token needs no signature. Bounded in
/// entries and in bytes.
///
/// An entry ends when its token expires, and all end when the keys change. A token is found by a keyed hash, whose key
/// is random in each process (Swift's `Hasher`), and then compared as a whole.
public final class VerifiedTokens: Sendable {
    private static let shardCount = 16

    private let shards: [NIOLockedValueBox<VerifiedTokenShard>]

    /// - Parameters:
    ///   - maximumEntries: about; 0: nothing is kept.
    ///   - maximumBytes: of all tokens, their claims and the overhead.
    public init(maximumEntries: Int = 10_000, maximumBytes: Int = 16 << 20) {
        // Shared out: several event loops look things up at once.
        let shard = VerifiedTokenShard(
            maximumEntries: (maximumEntries + Self.shardCount - 1) / Self.shardCount,
            maximumBytes: maximumBytes / Self.shardCount)
        shards = (0..<Self.shardCount).map { _ in NIOLockedValueBox(shard) }
    }

    /// How many tokens are kept.
    public var count: Int { shards.reduce(0) { $0 + $1.withLockedValue { $0.count } } }

    /// How many bytes they are counted as.
    public var bytes: Int { shards.reduce(0) { $0 + $1.withLockedValue { $0.bytes } } }

    /// The claims of a token that was verified under the same keys and is not expired. It can be called on an event
    /// loop: it hashes and compares 8 KiB at most, under a lock that is held for no longer than that.
    ///
    /// - Parameters:
    ///   - token: as in ``insert(_:_:generation:)``.
    ///   - generation: of the present keys. A higher one than before empties the cache.
    ///   - now: Unix seconds.
    public func claims(of token: some Sequence<UInt8>, generation: UInt64, at now: Int64) -> TokenClaims? {
        let found = token.withContiguousStorageIfAvailable { find($0, generation, now) }
        if let found { return found }
        return Array(token).withUnsafeBufferPointer { find($0, generation, now) }
    }

    /// Keeps a token that was found valid.
    ///
    /// - Parameter generation: of the keys that it was verified with, read before it was verified. If the keys have
    ///   changed since, the token is not kept.
    public func insert(_ token: [UInt8], _ claims: TokenClaims, generation: UInt64) {
        guard token.count <= TokenParts.maximumLength else { return }
        let hash = token.withUnsafeBufferPointer(Self.hash)
        shard(hash).withLockedValue { $0.insert(token, hash: hash, claims, generation: generation) }
    }

    private func find(_ token: UnsafeBufferPointer<UInt8>, _ generation: UInt64, _ now: Int64) -> TokenClaims? {
        guard token.count <= TokenParts.maximumLength else { return nil }
        let hash = Self.hash(token)
        return shard(hash).withLockedValue { $0.find(token, hash: hash, generation: generation, at: now) }
    }

    private func shard(_ hash: Int) -> NIOLockedValueBox<VerifiedTokenShard> {
        shards[Int(UInt(bitPattern: hash) % UInt(Self.shardCount))]
    }

    private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(token))
        return hasher.finalize()
    }
}
