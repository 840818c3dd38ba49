import Synchronization

/// Counts what has changed in a part of the cache, to be read without its lock: where the count is what it was, so is
/// everything that was looked up there since.
final class CacheGeneration: Sendable {
    private let count = Atomic<UInt64>(0)

    /// To be read before anything is looked up under the lock: what changes after that is then seen as a change.
    var now: UInt64 { count.load(ordering: .acquiring) }

    /// To be called under the lock, where the change is made: before who has asked for it hears that it is done.
    func raise() { count.wrappingAdd(1, ordering: .releasing) }
}

/// A moment of the part of the cache in which a path stands. See ``ImageCache/moment(of:)``.
public struct CacheMoment: Sendable {
    private let changes: CacheGeneration
    private let count: UInt64

    init(_ changes: CacheGeneration) {
        self.changes = changes
        count = changes.now
    }

    /// Whether nothing has changed there since, so that what was looked up after this moment would be found again.
    /// Takes no lock. Other paths stand there as well: false does not mean that this one has changed.
    public var lasts: Bool { changes.now == count }
}
