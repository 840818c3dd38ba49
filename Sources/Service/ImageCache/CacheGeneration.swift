import Synchronization

/// Counts the changes in a part of the cache. It can be read without the lock: if the count is unchanged, so is
/// everything that was looked up there since.
final class CacheGeneration: Sendable {
    private let count = Atomic<UInt64>(0)

    /// Read this before looking anything up under the lock: later changes are then seen as changes.
    var now: UInt64 { count.load(ordering: .acquiring) }

    /// Call this under the lock, with the change, before the caller learns that the change is done.
    func raise() { count.wrappingAdd(1, ordering: .releasing) }
}

/// A generation of the part of the cache that a path belongs to. See ``ImageCache/moment(of:)``.
public struct CacheMoment: Sendable {
    private let changes: CacheGeneration
    private let count: UInt64

    init(_ changes: CacheGeneration) {
        self.changes = changes
        count = changes.now
    }

    /// Whether nothing has changed since, so that everything looked up after this moment would be found again. Takes no
    /// lock. The part holds other paths too: false does not mean that this path has changed.
    public var lasts: Bool { changes.now == count }
}
