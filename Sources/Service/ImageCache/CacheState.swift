import ObjectStorage

/// The contents of a shard: answers about paths, and bodies, everything of a path together. Pure: no lock, no clock. It
/// returns what it drops, for the caller to release.
struct CacheState<Current: Sendable>: Sendable {
    typealias Bodies = S3FIFOCache<BodyKey, CachedBody>

    private let answerLimit: Int
    private var answers = LRUTable<CachePath, Current>()
    private(set) var originals = Bodies()
    private(set) var renditions = Bodies()
    private var bodiesOfPath: [CachePath: Set<BodyKey>] = [:]
    /// Bodies that are being filled.
    var filling: [BodyKey: FillingBody] = [:]
    private(set) var epochs = WriteEpochs()

    /// Whether a new answer replaces an old one.
    private let replaces: @Sendable (_ new: Current, _ old: Current) -> Bool

    /// Whether a new answer says what the old one said.
    private let confirms: @Sendable (_ new: inout Current, _ old: Current) -> Bool

    init(
        answerLimit: Int, replaces: @escaping @Sendable (_ new: Current, _ old: Current) -> Bool = { _, _ in true },
        confirms: @escaping @Sendable (_ new: inout Current, _ old: Current) -> Bool = { _, _ in false }
    ) {
        self.answerLimit = answerLimit
        self.replaces = replaces
        self.confirms = confirms
    }

    var answerBytes: Int { answers.bytes }

    // MARK: Reading

    mutating func current(_ path: CachePath) -> Current? { answers.use(path) }

    mutating func body(_ key: BodyKey) -> CachedBody? {
        switch key.variant.kind {
        case .original: originals.use(key)
        case .rendition: renditions.use(key)
        }
    }

    func contains(_ key: BodyKey) -> Bool {
        switch key.variant.kind {
        case .original: originals.contains(key)
        case .rendition: renditions.contains(key)
        }
    }

    // MARK: Filling

    /// Keeps the answer unless there was a write since `epoch`, or a present answer is not replaced by it. Returns what
    /// was dropped for it, and whether readers get another answer now.
    mutating func setCurrent(
        _ path: CachePath, _ current: Current, asked epoch: WriteEpoch
    ) -> (dropped: [Current], isChange: Bool) {
        let bytes = CacheOverhead.answer(path.key)
        guard bytes <= answerLimit, epochs.current(path) == epoch else { return ([], false) }
        var (current, isConfirmed) = (current, false)
        if let old = answers.use(path) {
            guard replaces(current, old) else { return ([], false) }
            isConfirmed = confirms(&current, old)
        }
        var dropped: [Current] = []
        if let replaced = answers.set(path, current, bytes: bytes) { dropped.append(replaced) }
        while answers.bytes > answerLimit, let oldest = answers.removeOldest() { dropped.append(oldest.value) }
        return (dropped, !isConfirmed || dropped.count > 1)
    }

    /// Keeps the body unless there was a write since `epoch`. Returns the body that it replaces.
    mutating func setBody(_ key: BodyKey, _ body: CachedBody, asked epoch: WriteEpoch) -> CachedBody? {
        guard epochs.current(key.path) == epoch else { return nil }
        bodiesOfPath[key.path, default: []].insert(key)
        switch key.variant.kind {
        case .original: return originals.set(key, body, bytes: body.countedBytes)
        case .rendition: return renditions.set(key, body, bytes: body.countedBytes)
        }
    }

    // MARK: Dropping

    /// Removes the least valuable body of this kind. Bodies that are being sent stay: dropping them would free nothing,
    /// and slow readers would empty the cache for no gain.
    mutating func evict(_ kind: BodyKind) -> CachedBody? {
        let gone =
            switch kind {
            case .original: originals.evict { $0.isHeldOnlyHere() }
            case .rendition: renditions.evict { $0.isHeldOnlyHere() }
            }
        guard let gone else { return nil }
        bodiesOfPath[gone.key.path]?.remove(gone.key)
        if bodiesOfPath[gone.key.path]?.isEmpty == true { bodiesOfPath[gone.key.path] = nil }
        return gone.value
    }

    mutating func invalidate(_ path: CachePath) -> (Current?, [CachedBody]) {
        epochs.advance(path)
        return (answers.remove(path), removeBodies(of: path))
    }

    /// No awaited answer is kept, of any path: the epochs do not know which paths have this prefix.
    mutating func invalidate(prefix: [UInt8]) -> ([Current], [CachedBody]) {
        epochs.advanceAll()
        let known = answers.keys.filter { $0.key.hasPrefix(prefix) }
        let paths = bodiesOfPath.keys.filter { $0.key.hasPrefix(prefix) }
        return (known.compactMap { answers.remove($0) }, paths.flatMap { removeBodies(of: $0) })
    }

    mutating func forgetCurrent(_ path: CachePath) -> Current? { answers.remove(path) }

    private mutating func removeBodies(of path: CachePath) -> [CachedBody] {
        (bodiesOfPath.removeValue(forKey: path) ?? []).compactMap { key in
            switch key.variant.kind {
            case .original: originals.remove(key)
            case .rendition: renditions.remove(key)
            }
        }
    }
}
