import NIOConcurrencyHelpers
public import NIOCore
public import ObjectStorage

/// What is kept in memory in front of the store, within a byte budget: the newest answers about paths, and bodies of
/// originals and renditions. Least recently used goes first.
///
/// Only the answer about a path can be out of date; a body is found by its version, so an old one cannot be addressed.
/// `Current` is what the caller knows of a path; this type looks into it no further.
public final class ImageCache<Current: Sendable>: Sendable {
    /// What a body is of.
    public enum Variant: Hashable, Sendable {
        case original
        /// A rendition by its canonical text, format and renderer revision included.
        case rendition(String)
    }

    private struct BodyKey: Hashable, Sendable {
        var path: ObjectKey
        var etag: ETag
        var variant: Variant
    }

    private struct Answer: Sendable {
        var current: Current
        var receipt: ByteReceipt
    }

    private struct State: Sendable {
        var answers = LRUTable<ObjectKey, Answer>()
        var bodies = LRUTable<BodyKey, CachedBody>()
        var bodiesOfPath: [ObjectKey: Set<BodyKey>] = [:]
        /// Bodies that are on their way in.
        var filling: [BodyKey: FillingBody] = [:]
    }

    /// The bytes of all bodies, overheads counted.
    private let bodyAccount: ByteAccount
    /// The same for the answers about paths. They have a share of their own: without its answer no body is found, and
    /// large bodies would push out thousands of them.
    private let answerAccount: ByteAccount
    /// The largest body that is kept, in bytes; larger ones stream past.
    public let maximumBodyBytes: Int
    private let state = NIOLockedValueBox(State())
    private let epochs = WriteEpochs()

    /// - Parameter bytes: the budget: an eighth for answers about paths, the rest for bodies, of which a single one may
    ///   take a sixteenth of the budget, 4 MiB at most.
    public init(bytes: Int) {
        answerAccount = ByteAccount(limit: bytes / 8)
        bodyAccount = ByteAccount(limit: bytes - bytes / 8)
        maximumBodyBytes = min(bytes / 16, 4 << 20)
    }

    /// Bytes in use now, overheads counted, those included that have left the cache and are still being sent.
    public var usedBytes: Int { answerAccount.used + bodyAccount.used }

    /// A dictionary slot, a list slot, two copies of a key and the objects around it, roughly and not too low.
    private static func overhead(_ path: ObjectKey) -> Int { 512 + 2 * path.bytes.count }

    // MARK: Reading

    /// What is known of the path, however old.
    public func current(_ path: ObjectKey) -> Current? {
        state.withLockedValue { state in
            state.answers.use(path)?.current
        }
    }

    public func body(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> CachedBody? {
        state.withLockedValue { state in
            state.bodies.use(BodyKey(path: path, etag: etag, variant: variant))
        }
    }

    // MARK: Filling

    /// To be taken before the store is asked, and given with what it answers: what was asked before a write ended is
    /// not kept. Also part of the key of every flight, so that nobody joins a question asked before a write.
    public func epoch(of path: ObjectKey) -> WriteEpoch { epochs.current(path) }

    /// Keeps the answer about a path, unless a write has come between.
    public func setCurrent(_ path: ObjectKey, _ current: Current, asked epoch: WriteEpoch) {
        guard let receipt = answerReceipt(for: Self.overhead(path)) else { return }
        let replaced: Answer? = state.withLockedValue { state in
            guard epochs.current(path) == epoch else { return nil }
            return state.answers.set(path, Answer(current: current, receipt: receipt))
        }
        _ = replaced
    }

    /// Room for a body of this size, made by dropping what is oldest. Nil where the body is too large to keep, or
    /// readers hold all there is.
    public func reserve(_ path: ObjectKey, bytes: Int) -> BodyReservation? {
        guard bytes <= maximumBodyBytes else { return nil }
        return bodyReceipt(for: bytes + Self.overhead(path)).map { BodyReservation(receipt: $0, bytes: bytes) }
    }

    /// Makes a counted body of these bytes, and keeps it unless a write has come between.
    public func setBody(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, _ chunks: [ByteBuffer], in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> CachedBody {
        let body = CachedBody(chunks: chunks, receipt: reservation.receipt)
        let key = BodyKey(path: path, etag: etag, variant: variant)
        let replaced: CachedBody? = state.withLockedValue { state in
            guard epochs.current(path) == epoch else { return nil }
            state.bodiesOfPath[path, default: []].insert(key)
            return state.bodies.set(key, body)
        }
        _ = replaced
        return body
    }

    /// A body that is on its way into the cache, for those who come while it is.
    public func filling(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> FillingBody? {
        state.withLockedValue { $0.filling[BodyKey(path: path, etag: etag, variant: variant)] }
    }

    /// Reads a body into the cache, where it is kept unless a write comes between. Who asks for it meanwhile may follow.
    public func fill(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, from source: ObjectBody, in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> FillingBody {
        let key = BodyKey(path: path, etag: etag, variant: variant)
        let place = NIOLockedValueBox(FillingPlace.coming)
        let body = FillingBody(reading: source, in: reservation) { [self] chunks in
            if let chunks { _ = setBody(path, etag, variant, chunks, in: reservation, asked: epoch) }
            let ended: FillingBody? = state.withLockedValue { state in
                place.withLockedValue { place in
                    defer { place = .ended }
                    return place == .listed ? state.filling.removeValue(forKey: key) : nil
                }
            }
            _ = ended
        }
        state.withLockedValue { state in
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

    private func answerReceipt(for bytes: Int) -> ByteReceipt? {
        while true {
            if let receipt = ByteReceipt(bytes, from: answerAccount) { return receipt }
            guard state.withLockedValue({ $0.answers.removeOldest() }) != nil else { return nil }
        }
    }

    private func bodyReceipt(for bytes: Int) -> ByteReceipt? {
        while true {
            if let receipt = ByteReceipt(bytes, from: bodyAccount) { return receipt }
            guard state.withLockedValue({ Self.removeOldestUnused(&$0) }) != nil else { return nil }
        }
    }

    /// To drop a body that is being sent would free nothing: slow readers would empty the cache for no gain. It is being
    /// used, so it becomes the newest. So many are passed over in one go at most.
    private static var maximumPassedOver: Int { 64 }

    private static func removeOldestUnused(_ state: inout State) -> CachedBody? {
        for _ in 0..<maximumPassedOver {
            guard let isUnused = state.bodies.withOldest({ $0.isHeldOnlyHere() }) else { return nil }
            if isUnused {
                guard let (key, body) = state.bodies.removeOldest() else { return nil }
                state.bodiesOfPath[key.path]?.remove(key)
                if state.bodiesOfPath[key.path]?.isEmpty == true { state.bodiesOfPath[key.path] = nil }
                return body
            }
            state.bodies.renewOldest()
        }
        return nil
    }

    // MARK: Dropping

    /// To be called when a write of this path begins and again when it has ended, however it ended: what is known of
    /// the path goes, and what is still being asked about it will not be kept.
    public func invalidate(_ path: ObjectKey) {
        let dropped = state.withLockedValue { state in
            epochs.advance(path)
            let bodies = (state.bodiesOfPath.removeValue(forKey: path) ?? []).compactMap { state.bodies.remove($0) }
            return (state.answers.remove(path), bodies)
        }
        _ = dropped
    }

    /// Drops the answer about a path, and no body: the next reader asks the store.
    public func forgetCurrent(_ path: ObjectKey) {
        let dropped = state.withLockedValue { $0.answers.remove(path) }
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
