/// The two kinds of bodies, which differ in size by a factor of forty.
enum BodyKind: Sendable, CaseIterable {
    case original, rendition
}

/// Bytes of both kinds under one limit. Each kind has a share that it can always claim. Until then the other kind may
/// use what is left of it.
struct BodyShares: Sendable {
    /// The limit for both kinds together.
    let limit: Int
    private var originals = 0
    private var renditions = 0

    init(limit: Int) {
        self.limit = limit
    }

    var used: Int { originals + renditions }

    func used(by kind: BodyKind) -> Int { kind == .original ? originals : renditions }

    /// A quarter for originals: the same bytes hold forty times as many renditions, and each rendition costs more to
    /// make again than an original costs to fetch.
    func share(of kind: BodyKind) -> Int { kind == .original ? limit / 4 : limit - limit / 4 }

    /// Takes so many bytes if they are free.
    mutating func take(_ bytes: Int, for kind: BodyKind) -> Bool {
        guard bytes <= limit - used else { return false }
        change(kind, by: bytes)
        return true
    }

    mutating func give(_ bytes: Int, of kind: BodyKind) { change(kind, by: -bytes) }

    /// The kinds to drop a body of, if `bytes` are not free: the first of them that has any.
    func yielding(to bytes: Int, of kind: BodyKind) -> [BodyKind] {
        let other: BodyKind = kind == .original ? .rendition : .original
        // If this kind stays within its share, the other one must have exceeded its own.
        if used(by: kind) + bytes <= share(of: kind) { return [other, kind] }
        return used(by: other) > share(of: other) ? [kind, other] : [kind]
    }

    private mutating func change(_ kind: BodyKind, by bytes: Int) {
        switch kind {
        case .original: originals += bytes
        case .rendition: renditions += bytes
        }
    }
}
