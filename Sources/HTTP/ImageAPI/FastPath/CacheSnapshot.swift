import ImageService
import NIOCore

/// What one event loop has found for a target, with the encoded head of its response. It serves targets that are
/// requested many times a second, without a lock or a lookup.
final class CacheSnapshot {
    let hash: UInt64
    let entry: CachedResponse
    let freshness: FreshUntil
    let head: ByteBuffer
    private let values: HeadShape.Values
    private let noted: NotedFile?
    private var notModified: ByteBuffer?

    init(_ hash: UInt64, _ entry: CachedResponse, _ fresh: FreshFile, _ values: HeadShape.Values) {
        self.hash = hash
        self.entry = entry
        self.freshness = fresh.freshness
        self.values = values
        self.noted = fresh.file.map { NotedFile($0) }
        var head = ByteBuffer()
        entry.whole.write(values, into: &head)
        self.head = head
    }

    /// The file, if it is still in memory.
    func file() -> FileInMemory? {
        self.noted.flatMap { FileInMemory($0) }
    }

    func notModifiedHead() -> ByteBuffer {
        if let notModified { return notModified }
        var head = ByteBuffer()
        self.entry.notModified.write(self.values, into: &head)
        self.notModified = head
        return head
    }
}

/// The snapshots of one event loop. Each has one slot, given by its hash.
struct CacheSnapshots {
    private var snapshots: [CacheSnapshot?] = Array(repeating: nil, count: Self.count)
    /// The last target requested in each slot, and when.
    private var seen: [(hash: UInt64, at: ContinuousClock.Instant)]

    private static let count = 512
    /// A snapshot costs as much as two lookups, so it must be used again within its lifetime, which is a second.
    private static let soon = Duration.milliseconds(100)
    /// How much memory all snapshots of a loop may take. Each has a head and holds its entry.
    static let bytes = count * 1_536

    init(now: ContinuousClock.Instant) {
        self.seen = Array(repeating: (0, now), count: Self.count)
    }

    private static func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash & UInt64(Self.count - 1)) }

    subscript(_ hash: UInt64) -> CacheSnapshot? {
        guard let snapshot = self.snapshots[Self.place(hash)], snapshot.hash == hash else { return nil }
        return snapshot
    }

    /// Whether a target is requested often enough for a snapshot. Call it once for each request.
    mutating func isWorthOne(_ hash: UInt64, now: ContinuousClock.Instant) -> Bool {
        let place = Self.place(hash)
        let last = self.seen[place]
        self.seen[place] = (hash, now)
        return last.hash == hash && now - last.at < Self.soon
    }

    mutating func keep(_ snapshot: CacheSnapshot) { self.snapshots[Self.place(snapshot.hash)] = snapshot }
}
