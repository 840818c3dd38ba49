/// What a policy has to offer to be compared: keys with sizes, of which it names the one to go.
protocol Policy {
    init()
    /// Of all that it holds.
    var bytes: Int { get }
    /// Whether the key is held; told of every request.
    mutating func use(_ key: Int) -> Bool
    /// The key was not held, and there is room for it.
    mutating func add(_ key: Int, bytes: Int)
    /// Makes room.
    mutating func evict() -> Bool
}

/// Least recently used goes first: the baseline, and the table that the server keeps its answers about paths in.
struct LRU: Policy {
    private var table = LRUTable<Int, Void>()

    var bytes: Int { table.bytes }
    mutating func use(_ key: Int) -> Bool { table.use(key) != nil }
    mutating func add(_ key: Int, bytes: Int) { _ = table.set(key, (), bytes: bytes) }
    mutating func evict() -> Bool { table.removeOldest() != nil }
}

/// S3-FIFO: the server's own table.
struct S3FIFO: Policy {
    private var table = S3FIFOCache<Int, Void>()

    var bytes: Int { table.bytes }
    mutating func use(_ key: Int) -> Bool { table.use(key) != nil }
    mutating func add(_ key: Int, bytes: Int) { _ = table.set(key, (), bytes: bytes) }
    mutating func evict() -> Bool { table.evict { _ in true } != nil }
}
