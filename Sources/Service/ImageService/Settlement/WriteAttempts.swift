import ObjectStorage

/// The writes of one change that may take several rounds: read, change, replace, and again if another write came first.
/// A write with a lost answer may take effect at any time. So each round looks first for the writes of earlier rounds.
///
/// `Result` is what a write has to tell the client if it is the one that happened.
struct WriteAttempts<Result: Sendable>: Sendable {
    private var begun: [WriteID: Result] = [:]
    /// The version that a write of unknown outcome was made from.
    private var uncertainBase: ObjectInfo?
    private var hasMetOutage = false

    /// Whether no write was begun.
    var isEmpty: Bool { begun.isEmpty }

    /// The ids of all writes that were begun.
    var ids: Set<WriteID> { Set(begun.keys) }

    /// Registers a write that is about to begin.
    mutating func begin(_ result: Result) -> WriteID {
        let id = WriteID.random()
        begun[id] = result
        return id
    }

    /// The newest of these writes that the object's list holds.
    func newest(in object: ObjectInfo) -> (id: WriteID, result: Result)? {
        guard let id = ImageRecord(object).writes.last(where: { begun[$0] != nil }), let result = begun[id] else {
            return nil
        }
        return (id, result)
    }

    /// Whether one of these writes may have happened although the object's list does not hold it. An upload may have
    /// begun the list anew just after our write took effect. Also, an older write may have taken effect after ours, if
    /// four rotations had brought back the same bytes.
    func mayHaveVanished(before object: ObjectInfo) -> Bool {
        uncertainBase.map { !Self.goesOn(object, from: $0) } ?? false
    }

    /// Whether this is the other version, or was made from it by rotates alone: then its list still holds the newest
    /// write.
    private static func goesOn(_ object: ObjectInfo, from other: ObjectInfo) -> Bool {
        if object.etag == other.etag { return true }
        guard let newest = ImageRecord(other).writes.last else { return false }
        return ImageRecord(object).writes.contains(newest)
    }

    /// What to do after a write that is not in the object's list.
    enum Next: Sendable {
        /// Read again, and change what is there then.
        case again
        /// There is no object any more.
        case gone
        case failed(StorageError)
    }

    /// - Parameters:
    ///   - found: what the look after the error has shown; nil if nothing is there.
    ///   - base: the version that the write was made from.
    ///   - hasTime: whether a store that fails may be asked again.
    mutating func next(
        after error: StorageError, found: ObjectInfo?, over base: ObjectInfo, hasTime: Bool
    ) -> Next {
        guard let found else { return .gone }
        if error.mayHaveHappened { uncertainBase = uncertainBase ?? base }
        // Another write came first, whether the store could tell so or not.
        if error.code == .preconditionFailed || error.code == .conflict { return .again }
        if found.etag != base.etag { return .again }
        // A store that fails is tried once more, if there is time.
        guard !hasMetOutage, hasTime else { return .failed(error) }
        hasMetOutage = true
        return .again
    }
}
