import NIOConcurrencyHelpers
public import NIOCore
public import ObjectStorage

/// What is kept in memory in front of the store, within a byte budget: the newest answers about paths, and bodies of
/// originals and renditions. Entries that were used once are dropped before entries that were used again.
///
/// Only the answer about a path can be out of date. A body is found by its version, so an old one cannot be addressed.
/// `Current` is what the caller knows of a path; this type does not look into it.
///
/// Everything known of a path is in one shard, with its own lock, so a write is one step there, and requests for two
/// paths seldom meet. The bytes of bodies are counted for all shards together, so a single path may fill the cache.
public final class ImageCache<Current: Sendable>: Sendable {
    /// See ``BodyVariant``.
    public typealias Variant = BodyVariant

    /// So many that two cores seldom want the same one, so few that each has its share of large originals.
    private static var shardCount: Int { 8 }

    /// The bytes of all bodies, overheads counted.
    private let account: ByteAccount
    private let shards: [CacheShard<Current>]
    /// The largest body that is kept, in bytes; larger ones are streamed and not kept.
    public let maximumBodyBytes: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    /// When there were last no free bytes for a body because readers held so many.
    private let lastCrowded = NIOLockedValueBox<ContinuousClock.Instant?>(nil)

    /// - Parameter bytes: the budget: an eighth for answers about paths, the rest for bodies. A single body may take a
    ///   sixteenth of the budget, 4 MiB at most. A quarter of the bodies' part is for originals, the rest for
    ///   renditions; each kind may use what the other leaves.
    /// - Parameter reserved: bytes of the bodies' part that somebody else uses.
    /// - Parameter replaces: whether a new answer about a path replaces an old one that is still there.
    /// - Parameter confirms: whether a new answer says the same as the old one and is only later: then nothing has
    ///   changed for earlier readers. It may take over the identity of the old one.
    /// - Parameter now: the clock for ``wasCrowded(within:)``.
    public init(
        bytes: Int, reserved: Int = 0,
        replaces: @escaping @Sendable (_ new: Current, _ old: Current) -> Bool = { _, _ in true },
        confirms: @escaping @Sendable (_ new: inout Current, _ old: Current) -> Bool = { _, _ in false },
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.now = now
        // Answers have their own share: without its answer no body is found, and large bodies would push out thousands
        // of answers.
        let answers = bytes / 8
        account = ByteAccount(limit: max(0, bytes - answers - reserved))
        shards = (0..<Self.shardCount).map { _ in
            CacheShard(answerBytes: answers / Self.shardCount, replaces, confirms)
        }
        maximumBodyBytes = min(bytes / 16, 4 << 20)
    }

    /// Bytes in use now, overheads included. Bodies that have left the cache and are still being sent count too.
    public var usedBytes: Int { account.used + shards.reduce(0) { sum, shard in sum + shard.with { $0.answerBytes } } }

    private func shard(_ path: CachePath) -> CacheShard<Current> { shards[path.hash & (Self.shardCount - 1)] }

    // MARK: Reading

    /// What is known of the path, however old it is.
    public func current(_ path: ObjectKey) -> Current? {
        let path = CachePath(path)
        return shard(path).with { $0.current(path) }
    }

    /// The body in memory, or nil. Counts as a use, which keeps it in memory longer.
    public func body(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> CachedBody? {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.body(key) }
    }

    /// Whether a body is there. Does not count as a use.
    public func contains(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> Bool {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.contains(key) }
    }

    /// The present generation of the path and its bodies. It shows later whether what was looked up since is still
    /// current. Take it before the look-up.
    public func moment(of path: ObjectKey) -> CacheMoment { CacheMoment(shard(CachePath(path)).changes) }

    /// What is known of a body's path, however old it is, and the body itself, in one look-up. Counts as a use of both.
    ///
    /// - Returns: also the moment, taken before.
    public func look(at name: BodyName) -> (moment: CacheMoment, current: Current?, body: CachedBody?) {
        let shard = shard(name.key.path)
        let moment = CacheMoment(shard.changes)
        return shard.with { (moment, $0.current(name.key.path), $0.body(name.key)) }
    }

    // MARK: Filling

    /// Take this before asking the store, and pass it with the store's answer: an answer to a question from before the
    /// end of a write is not kept. It is also part of the key of every flight, so that nobody joins a question from
    /// before a write.
    public func epoch(of path: ObjectKey) -> WriteEpoch {
        let path = CachePath(path)
        return shard(path).with { $0.epochs.current(path) }
    }

    /// Keeps the answer about a path, unless there was a write in between or it does not replace the present answer.
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

    /// Reserves bytes for a body of this size, dropping the least valuable bodies. Nil if the body is too large to
    /// keep, or readers hold all bytes.
    public func reserve(_ path: ObjectKey, _ variant: Variant, bytes: Int) -> BodyReservation? {
        guard bytes <= maximumBodyBytes else { return nil }
        let counted = bytes + CacheOverhead.body(path, variant)
        guard let receipt = receipt(for: counted, of: variant.kind) else {
            lastCrowded.withLockedValue { $0 = now() }
            return nil
        }
        return BodyReservation(receipt: receipt, bytes: bytes)
    }

    /// Whether, within this time, a body found no free bytes because readers held all of them.
    public func wasCrowded(within duration: Duration) -> Bool {
        let now = now()
        return lastCrowded.withLockedValue { $0.map { now - $0 < duration } ?? false }
    }

    /// Makes a counted body of these bytes, and keeps it unless there was a write in between.
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

    /// The body that is being filled, for readers that come meanwhile.
    public func filling(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> FillingBody? {
        let key = BodyKey(CachePath(path), etag, variant)
        return shard(key.path).with { $0.filling[key] }
    }

    /// Reads a body into the cache. It stays there unless there is a write in between. Readers that ask for it
    /// meanwhile may follow.
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
                // It may have ended already, or another one may have begun.
                guard place == .coming, state.filling[key] == nil else { return }
                place = .listed
                state.filling[key] = body
            }
        }
        return body
    }

    // MARK: Freeing bytes. Dropped entries are released outside the lock: their deinit gives the bytes back.

    func receipt(for bytes: Int, of kind: BodyKind) -> ByteReceipt? {
        while true {
            if let receipt = ByteReceipt(bytes, for: kind, from: account) { return receipt }
            guard account.yielding(to: bytes, of: kind).contains(where: drop) else { return nil }
        }
    }

    /// Drops one body of this kind, from the shard with most bytes of it. So all shards have the same chance, whatever
    /// comes.
    private func drop(_ kind: BodyKind) -> Bool {
        guard let fullest = shards.max(by: { $0.bytes(of: kind) < $1.bytes(of: kind) }) else { return false }
        if fullest.change({ $0.evict(kind) }) != nil { return true }
        // Readers may hold everything that one shard has.
        return shards.contains { $0 !== fullest && $0.change({ $0.evict(kind) }) != nil }
    }

    // MARK: Dropping

    /// Call this when a write of this path begins and again when it has ended, with whatever result. Drops what is
    /// known of the path; answers that are still awaited will not be kept.
    public func invalidate(_ path: ObjectKey) {
        let path = CachePath(path)
        let dropped = shard(path).change { $0.invalidate(path) }
        _ = dropped
    }

    /// The same for every path that begins with these bytes. Goes through all paths, one shard after the other.
    public func invalidate(prefix: [UInt8]) {
        for shard in shards {
            let dropped = shard.change { $0.invalidate(prefix: prefix) }
            _ = dropped
        }
    }

    /// Drops the answer about a path but no body: the next reader asks the store.
    public func forgetCurrent(_ path: ObjectKey) {
        let path = CachePath(path)
        let dropped = shard(path).change { $0.forgetCurrent(path) }
        _ = dropped
    }
}

/// Bytes of the cache for a body that is still to come. Dropping the reservation gives them back.
public struct BodyReservation: Sendable {
    let receipt: ByteReceipt
    /// The size that was asked for.
    public let bytes: Int
}

/// Whether readers can find a body that is being filled.
private enum FillingPlace {
    case coming, listed, ended
}
