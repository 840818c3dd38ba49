/// Keeps recently used values within a number of bytes. There are two generations. When the younger one has half of the
/// bytes, the older one is dropped as a whole.
struct GenerationalCache<Key: Hashable, Value> {
    fileprivate struct Entry {
        var value: Value
        var bytes: Int
    }

    private let limit: Int
    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]
    private var youngBytes = 0
    private var oldBytes = 0

    /// - Parameter bytes: The limit for all entries together, at least the size of two.
    init(bytes limit: Int) {
        self.limit = limit
    }

    /// The bytes that the entries were said to take.
    var bytes: Int { self.youngBytes + self.oldBytes }

    /// The value of this key.
    mutating func value(for key: Key) -> Value? {
        if let entry = self.young[key] { return entry.value }
        guard let index = self.old.index(forKey: key) else { return nil }
        let (storedKey, entry) = self.old.remove(at: index)
        self.oldBytes -= entry.bytes
        self.set(storedKey, entry.value, bytes: entry.bytes)
        return entry.value
    }

    /// Stores a value under a key that has none. `bytes` is the size of both.
    mutating func set(_ key: Key, _ value: Value, bytes: Int) {
        if self.youngBytes + bytes > self.limit / 2 {
            (self.old, self.oldBytes) = (self.young, self.youngBytes)
            (self.young, self.youngBytes) = ([:], 0)
        }
        self.young[key] = Entry(value: value, bytes: bytes)
        self.youngBytes += bytes
    }
}

extension GenerationalCache: Sendable where Key: Sendable, Value: Sendable {}

extension GenerationalCache.Entry: Sendable where Key: Sendable, Value: Sendable {}
