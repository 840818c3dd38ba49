/// The state of this replica, in JSON, for operators.
public struct StatusDocument: Encodable, Sendable {
    /// Work that waits for the codecs, or that they do.
    public struct Queue: Encodable, Sendable {
        var waiting: Int
        var running: Int
        var oldestSeconds: Double
    }

    /// Memory in use, and how many wait for some; nobody waits for the cache.
    public struct Memory: Encodable, Sendable {
        var bytes: Int
        var waiting: Int?
    }

    private var storage: String
    private var queue: Queue
    private var cache: Memory
    private var uploads: Memory
    private var answers: Memory

    /// - Parameters:
    ///   - isStorageAway: whether the store did not answer when it was asked last.
    ///   - cacheBytes: of the memory cache, overheads included.
    public init(
        isStorageAway: Bool, queue: (waiting: Int, running: Int, oldestSeconds: Double), cacheBytes: Int,
        uploads: (bytes: Int, waiting: Int), answers: (bytes: Int, waiting: Int)
    ) {
        storage = isStorageAway ? "away" : "ok"
        self.queue = Queue(waiting: queue.waiting, running: queue.running, oldestSeconds: queue.oldestSeconds)
        cache = Memory(bytes: cacheBytes)
        self.uploads = Memory(bytes: uploads.bytes, waiting: uploads.waiting)
        self.answers = Memory(bytes: answers.bytes, waiting: answers.waiting)
    }
}
