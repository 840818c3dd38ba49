public import ObjectStorage

/// What a body holds.
public enum BodyVariant: Hashable, Sendable {
    /// The stored file itself.
    case original
    /// A rendition by its canonical text, format and renderer revision included.
    case rendition(String)

    var kind: BodyKind {
        switch self {
        case .original: .original
        case .rendition: .rendition
        }
    }

    /// What its name takes in memory.
    var nameBytes: Int {
        switch self {
        case .original: 0
        case .rendition(let text): text.utf8.count
        }
    }
}

/// A path with its hash. So the hash is computed once, and never under a lock.
struct CachePath: Hashable, Sendable {
    let key: ObjectKey
    let hash: Int

    init(_ key: ObjectKey) {
        self.key = key
        hash = key.hashValue
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// The name of a body, with its hash.
struct BodyKey: Hashable, Sendable {
    let path: CachePath
    let etag: ETag
    let variant: BodyVariant
    private let hash: Int

    init(_ path: CachePath, _ etag: ETag, _ variant: BodyVariant) {
        self.path = path
        self.etag = etag
        self.variant = variant
        var hasher = Hasher()
        hasher.combine(path.hash)
        hasher.combine(etag)
        hasher.combine(variant)
        hash = hasher.finalize()
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// The name of a body with its hashes, for callers that look it up again and again.
public struct BodyName: Sendable {
    let key: BodyKey

    /// Computes the hashes, once.
    public init(_ path: ObjectKey, _ etag: ETag, _ variant: BodyVariant) {
        key = BodyKey(CachePath(path), etag, variant)
    }

    /// Bytes in memory: the text of a rendition's name. The path and the tag are shared with the answer.
    public var bytes: Int { key.variant.nameBytes }
}
