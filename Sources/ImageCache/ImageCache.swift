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

    enum Key: Hashable, Sendable {
        case current(ObjectKey)
        case body(ObjectKey, ETag, Variant)

        var path: ObjectKey {
            switch self {
            case .current(let path), .body(let path, _, _): path
            }
        }
    }

    private enum Value: Sendable {
        case current(Current, ByteReceipt)
        case body(CachedBody)
    }

    private struct State: Sendable {
        var table = LRUTable<Key, Value>()
        var keysOfPath: [ObjectKey: Set<Key>] = [:]
        /// Bodies that are on their way in.
        var filling: [Key: FillingBody] = [:]
    }

    /// The bytes of all entries, overheads counted.
    public let account: ByteAccount
    /// The largest body that is kept, in bytes; larger ones stream past.
    public let maximumBodyBytes: Int
    private let state = NIOLockedValueBox(State())
    private let epochs = WriteEpochs()

    /// - Parameter bytes: the budget; a single body may take a sixteenth of it, 4 MiB at most.
    public init(bytes: Int) {
        account = ByteAccount(limit: bytes)
        maximumBodyBytes = min(bytes / 16, 4 << 20)
    }

    /// A dictionary slot, a list slot, two copies of a key and the objects around it, roughly and not too low.
    private static func overhead(_ key: Key) -> Int { 512 + 2 * key.path.bytes.count }

    // MARK: Reading

    /// What is known of the path, however old.
    public func current(_ path: ObjectKey) -> Current? {
        state.withLockedValue { state in
            guard case .current(let current, _)? = state.table.use(.current(path)) else { return nil }
            return current
        }
    }

    public func body(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> CachedBody? {
        state.withLockedValue { state in
            guard case .body(let body)? = state.table.use(.body(path, etag, variant)) else { return nil }
            return body
        }
    }

    // MARK: Filling

    /// To be taken before the store is asked, and given with what it answers: what was asked before a write ended is
    /// not kept. Also part of the key of every flight, so that nobody joins a question asked before a write.
    public func epoch(of path: ObjectKey) -> WriteEpoch { epochs.current(path) }

    /// Keeps the answer about a path, unless a write has come between.
    public func setCurrent(_ path: ObjectKey, _ current: Current, asked epoch: WriteEpoch) {
        let key = Key.current(path)
        guard let receipt = receipt(for: Self.overhead(key)) else { return }
        insert(key, .current(current, receipt), asked: epoch)
    }

    /// Room for a body of this size, made by dropping what is oldest. Nil where the body is too large to keep, or
    /// readers hold all there is.
    public func reserve(_ path: ObjectKey, bytes: Int) -> BodyReservation? {
        guard bytes <= maximumBodyBytes else { return nil }
        return receipt(for: bytes + Self.overhead(.current(path))).map { BodyReservation(receipt: $0, bytes: bytes) }
    }

    /// Makes a counted body of these bytes, and keeps it unless a write has come between.
    public func setBody(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, _ bytes: ByteBuffer, in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> CachedBody {
        let body = CachedBody(bytes: bytes, receipt: reservation.receipt)
        insert(.body(path, etag, variant), .body(body), asked: epoch)
        return body
    }

    /// A body that is on its way into the cache, for those who come while it is.
    public func filling(_ path: ObjectKey, _ etag: ETag, _ variant: Variant) -> FillingBody? {
        state.withLockedValue { $0.filling[.body(path, etag, variant)] }
    }

    /// Reads a body into the cache, where it is kept unless a write comes between. Who asks for it meanwhile may follow.
    public func fill(
        _ path: ObjectKey, _ etag: ETag, _ variant: Variant, from source: ObjectBody, in reservation: BodyReservation,
        asked epoch: WriteEpoch
    ) -> FillingBody {
        let key = Key.body(path, etag, variant)
        let place = NIOLockedValueBox(FillingPlace.coming)
        let body = FillingBody(reading: source, in: reservation) { [self] bytes in
            if let bytes { _ = setBody(path, etag, variant, bytes, in: reservation, asked: epoch) }
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

    private func receipt(for bytes: Int) -> ByteReceipt? {
        while true {
            if let receipt = ByteReceipt(bytes, from: account) { return receipt }
            // The victim is let go outside the lock: its last holder's deinit gives the bytes back.
            guard state.withLockedValue({ Self.evictOldest(&$0) }) != nil else { return nil }
        }
    }

    private static func evictOldest(_ state: inout State) -> Value? {
        guard let (key, value) = state.table.removeOldest() else { return nil }
        forget(key, &state)
        return value
    }

    private static func forget(_ key: Key, _ state: inout State) {
        state.keysOfPath[key.path]?.remove(key)
        if state.keysOfPath[key.path]?.isEmpty == true { state.keysOfPath[key.path] = nil }
    }

    private func insert(_ key: Key, _ value: Value, asked epoch: WriteEpoch) {
        let replaced: Value? = state.withLockedValue { state in
            guard epochs.current(key.path) == epoch else { return nil }
            state.keysOfPath[key.path, default: []].insert(key)
            return state.table.set(key, value)
        }
        _ = replaced
    }

    // MARK: Dropping

    /// To be called when a write of this path begins and again when it has ended, however it ended: what is known of
    /// the path goes, and what is still being asked about it will not be kept.
    public func invalidate(_ path: ObjectKey) {
        let dropped: [Value] = state.withLockedValue { state in
            epochs.advance(path)
            return (state.keysOfPath.removeValue(forKey: path) ?? []).compactMap { state.table.remove($0) }
        }
        _ = dropped
    }

    /// Drops the answer about a path, and no body: the next reader asks the store.
    public func forgetCurrent(_ path: ObjectKey) {
        let dropped: Value? = state.withLockedValue { state in
            Self.forget(.current(path), &state)
            return state.table.remove(.current(path))
        }
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
