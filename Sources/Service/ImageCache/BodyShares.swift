/// The two kinds of bodies, which differ in size by a factor of forty.
enum BodyKind: Sendable, CaseIterable {
    case original, rendition
}

/// Bytes of both kinds under one limit. Each has a share that it gets whenever it wants it; what the other one leaves
/// of its own may be used until then.
struct BodyShares: Sendable {
    /// The most that both may have together.
    let limit: Int
    private var originals = 0
    private var renditions = 0

    init(limit: Int) {
        self.limit = limit
    }

    var used: Int { originals + renditions }

    func used(by kind: BodyKind) -> Int { kind == .original ? originals : renditions }

    /// A quarter for originals: the same bytes hold forty times as many renditions, each of which costs more to make
    /// again than an original to fetch.
    func share(of kind: BodyKind) -> Int { kind == .original ? limit / 4 : limit - limit / 4 }

    /// Takes so many bytes where there is room for them.
    mutating func take(_ bytes: Int, for kind: BodyKind) -> Bool {
        guard bytes <= limit - used else { return false }
        change(kind, by: bytes)
        return true
    }

    mutating func give(_ bytes: Int, of kind: BodyKind) { change(kind, by: -bytes) }

    /// Of which kind something is to go where there is no room for `bytes`: of the first one that has any to spare.
    func yielding(to bytes: Int, of kind: BodyKind) -> [BodyKind] {
        let other: BodyKind = kind == .original ? .rendition : .original
        // Within its share, the other one must have taken more than its own.
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
