import NIOConcurrencyHelpers
public import NIOCore
public import ObjectStorage

/// What is kept in memory in front of the store, within a byte budget: the newest answers about paths, and bodies of
/// originals and renditions. What is asked for once goes before what is asked for again.
///
/// Only the answer about a path can be out of date; a body is found by its version, so an old one cannot be addressed.
/// `Current` is what the caller knows of a path; this type looks into it no further.
///
/// All that is known of a path stands in one shard, behind one lock, so that a write is one step there; requests for
/// two paths seldom meet. The bytes of bodies are counted for all shards together: so a single path may fill the cache.
public final class ImageCache<Current: Sendable>: Sendable {
    /// See ``BodyVariant``.
    public typealias Variant = BodyVariant

    /// So many that two cores hardly ever want the same one, so few that each has its share of large originals.
    private static var shardCount: Int { 8 }

    /// The bytes of all bodies, overheads counted.
    private let account: ByteAccount
    private let shards: [CacheShard<Current>]
    /// The largest body that is kept, in bytes; larger ones stream past.
    public let maximumBodyBytes: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    /// When readers held so much that there was no room for a body the last time.
    private let lastCrowded = NIOLockedValueBox<ContinuousClock.Instant?>(nil)

    /// - Parameter bytes: the budget: an eighth for answers about paths, the rest for bodies, of which a single one may
    ///   take a sixteenth of the budget, 4 MiB at most. Of the bodies' part a quarter is for originals, the rest for
    ///   renditions; what one of them leaves, the other may use.
    /// - Parameter reserved: how much of the bodies' part somebody else uses.
    /// - Parameter replaces: whether a new answer about a path takes the place of an old one that is still there.
    /// - Parameter confirms: whether a new answer says the same as the old one that it replaces, and only says it
    ///   later:
    ///   then nothing has changed for those who have looked before. It may be given what the old one was known by.
    /// - Parameter now: the clock that ``wasCrowded(within:)`` goes by.
    public init(
        bytes: Int, reserved: Int = 0,
        replaces: @escaping @Sendable (_ new: Current, _ old: Current) -> Bool = { _, _ in true },
        confirms: @escaping @Sendable (_ new: inout Current, _ old: Current) -> Bool = { _, _ in false },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.now = now
        // Answers have a share of their own: without its answer no body is found, and large bodies would push out
        // thousands of them.
        let answers = bytes / 8
        account = ByteAccount(limit: max(0, bytes - answers - reserved))
        shards = (0..<Self.shardCount).map { _ in
            CacheShard(answerBytes: answers / Self.shardCount, replaces, confirms)
        }
        maximumBodyBytes = min(bytes / 16, 4 << 20)
    }

    /// Bytes in use now, overheads counted, those included that have left the cache and are still being sent.
    public var usedBytes: Int { account.used + shards.reduce(0) { sum, shard in sum + shard.with { $0.answerBytes } } }

    private func shard(_ path: CachePath) -> CacheShard<Current> { shards[path.hash & (Self.shardCount - 1)] }

    // MARK: Reading

    /// What is known of the path, however old.
    public func current(_ path: ObjectKey) -> Current? {
        let path = CachePath(path)
        return shard(path).with { $0.current(path) }
    }

    /// The body in memory, or nil. Counts as a use, which keeps it in memory longer.
    public func body(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> CachedBody? {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.body(key) }
    }

    /// Whether a body is there. To ask is no use of it, which would count for keeping it.
    public func contains(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> Bool {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.contains(key) }
    }

    /// This moment of the path and of its bodies, for who wants to know later whether what was looked up since then
    /// still stands. To be taken before the looking up.
    public func moment(of path: ObjectKey) -> CacheMoment { CacheMoment(shard(CachePath(path)).changes) }

    /// What is known of a body's path, however old, and the body itself, by one look. Both are used by it.
    ///
    /// - Returns: Also the moment, taken before.
    public func look(at name: BodyName) -> (moment: CacheMoment, current: Current?, body: CachedBody?) {
        let shard = shard(name.key.path)
        let moment = CacheMoment(shard.changes)
        return shard.with { (moment, $0.current(name.key.path), $0.body(name.key)) }
    }

    // MARK: Filling

    /// To be taken before the store is asked, and given with what it answers: what was asked before a write ended is
    /// not kept. Also part of the key of every flight, so that nobody joins a question asked before a write.
    public func epoch(of path: ObjectKey) -> WriteEpoch {
        let path = CachePath(path)
        return shard(path).with { $0.epochs.current(path) }
    }

    /// Keeps the answer about a path, unless a write has come between, or one is there that it does not replace.
    public func setCurrent(_ path: ObjectKey, _ current: Current, asked epoch: WriteEpoch) {
        let path = CachePath(path)
        let shard = shard(path)
        let dropped = shard.with { state in
            let (dropped, isChange) = state.setCurrent(path, current, asked: epoch)
            if isChange { shard.changes.raise() }
            return dropped
        }
        _ = dropped
    }

    /// Room for a body of this size, made by dropping what is worth least. Nil where the body is too large to keep, or
    /// readers hold all there is.
    public func reserve(_ path: ObjectKey, _ variant: Variant, bytes: Int) -> BodyReservation? {
        guard bytes <= maximumBodyBytes else { return nil }
        let counted = bytes + CacheOverhead.body(path, variant)
        guard let receipt = receipt(for: counted, of: variant.kind) else {
            lastCrowded.withLockedValue { $0 = now() }
            return nil
        }
        return BodyReservation(receipt: receipt, bytes: bytes)
    }

    /// Whether there was no room for a body within this time, since readers held all of it.
    public func wasCrowded(within duration: Duration) -> Bool {
        let now = now()
        return lastCrowded.withLockedValue { $0.map { now - $0 < duration } ?? false }
    }

    /// Makes a counted body of these bytes, and keeps it unless a write has come between.
    public func setBody(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, _ chunks: [ByteBuffer], in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> CachedBody {
        let body = CachedBody(chunks: chunks, receipt: reservation.receipt)
        let key = BodyKey(CachePath(path), etag, variant)
        let replaced = shard(key.path).change { $0.setBody(key, body, asked: epoch) }
        _ = replaced
        return body
    }

    /// A body that is on its way into the cache, for those who come while it is.
    public func filling(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> FillingBody? {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.filling[key] }
    }

    /// Reads a body into the cache, where it is kept unless a write comes between. Who asks for it meanwhile may
    /// follow.
    public func fill(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, from source: ObjectBody, in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> FillingBody {
        let key = BodyKey(CachePath(path), etag, variant)
        let shard = shard(key.path)
        let place = NIOLockedValueBox(FillingPlace.coming)
        let body = FillingBody(reading: source, in: reservation) { [self] chunks in
            if let chunks { _ = setBody(path, etag, variant, chunks, in: reservation, asked: epoch) }
            let ended: FillingBody? = shard.with { state in
                place.withLockedValue { place in
                    defer { place = .ended }
                    return place == .listed ? state.filling.removeValue(forKey: key) : nil
                }
            }
            _ = ended
        }
        shard.with { state in
            place.withLockedValue { place in
                // It may have ended already, or another one may be on its way.
                guard place == .coming, state.filling[key] == nil else { return }
                place = .listed
                state.filling[key] = body
            }
        }
        return body
    }

    // MARK: Making room. What is dropped is let go outside the lock: its last holder's deinit gives the bytes back.

    func receipt(for bytes: Int, of kind: BodyKind) -> ByteReceipt? {
        while true {
            if let receipt = ByteReceipt(bytes, for: kind, from: account) { return receipt }
            guard account.yielding(to: bytes, of: kind).contains(where: drop) else { return nil }
        }
    }

    /// Drops one body of this kind, from the shard that has most of them: so all have room for the same, whatever
    /// comes.
    private func drop(_ kind: BodyKind) -> Bool {
        guard let fullest = shards.max(by: { $0.bytes(of: kind) < $1.bytes(of: kind) }) else { return false }
        if fullest.change({ $0.evict(kind) }) != nil { return true }
        // Readers may hold all that one has.
        return shards.contains { $0 !== fullest && $0.change({ $0.evict(kind) }) != nil }
    }

    // MARK: Dropping

    /// To be called when a write of this path begins and again when it has ended, however it ended: what is known of
    /// the path goes, and what is still being asked about it will not be kept.
    public func invalidate(_ path: ObjectKey) {
        let path = CachePath(path)
        let dropped = shard(path).change { $0.invalidate(path) }
        _ = dropped
    }

    /// The same for every path that begins with these bytes. Looks at all paths there are, one shard after the other.
    public func invalidate(prefix: [UInt8]) {
        for shard in shards {
            let dropped = shard.change { $0.invalidate(prefix: prefix) }
            _ = dropped
        }
    }

    /// Drops the answer about a path, and no body: the next reader asks the store.
    public func forgetCurrent(_ path: ObjectKey) {
        let path = CachePath(path)
        let dropped = shard(path).change { $0.forgetCurrent(path) }
        _ = dropped
    }
}

/// Room in the cache for a body that is still to come. Dropping it gives the room back.
public struct BodyReservation: Sendable {
    let receipt: ByteReceipt
    /// The size that was asked for.
    public let bytes: Int
}

/// Where a body that is on its way in stands: known to others, or not.
private enum FillingPlace {
    case coming, listed, ended
}
