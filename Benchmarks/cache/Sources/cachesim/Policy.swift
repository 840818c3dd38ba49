/// The operations that a policy needs for the comparison: it holds keys with sizes and chooses the one to evict.
protocol Policy {
    init()
    /// The bytes of all keys that it holds.
    var bytes: Int { get }
    /// Whether the key is held. Called for every request.
    mutating func use(_ key: Int) -> Bool
    /// Adds a key that is not held. There is room for it.
    mutating func add(_ key: Int, bytes: Int)
    /// Makes room.
    mutating func evict() -> Bool
}

/// The least recently used key is evicted first. This is the baseline, and the table for the server's answers about
/// paths.
struct LRU: Policy {
    private var table = LRUTable<Int, Void>()

    var bytes: Int { table.bytes }
    mutating func use(_ key: Int) -> Bool { table.use(key) != nil }
    mutating func add(_ key: Int, bytes: Int) { _ = table.set(key, (), bytes: bytes) }
    mutating func evict() -> Bool { table.removeOldest() != nil }
}

/// S3-FIFO: the server's own cache.
struct S3FIFO: Policy {
    private var table = S3FIFOCache<Int, Void>()

    var bytes: Int { table.bytes }
    mutating func use(_ key: Int) -> Bool { table.use(key) != nil }
    mutating func add(_ key: Int, bytes: Int) { _ = table.set(key, (), bytes: bytes) }
    mutating func evict() -> Bool { table.evict { _ in true } != nil }
}
