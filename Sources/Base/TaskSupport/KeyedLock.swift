import DequeModule

/// Lets one task at a time work on a key, or several that share it, in the order of arrival. Keys that nobody works on
/// cost nothing.
public final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    /// The answer is whether the task that waited holds the key now.
    private let waits = WaitList<KeyQueues<Key>, Bool>(KeyQueues())

    /// A lock whose keys are all free.
    public init() {}

    /// How many wait for the key.
    func waiting(for key: Key) -> Int { waits.withState { $0.waiting(for: key) } }

    /// Runs `body` while no other task holds `key`, or only tasks that share it too.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits; what `body` throws.
    public func withLock<Result>(
        _ key: Key, shared: Bool = false, _ body: () async throws -> Result
    ) async throws -> Result {
        let isHeld = await waits.wait(cancelled: false) { queues, ticket in
            (queues.arrive(key, ticket, isShared: shared) ? .answered(true) : .waits, [])
        } leave: { queues, ticket, _ in
            (false, queues.withdraw(key, ticket).map { ($0, true) })
        }
        guard isHeld else { throw CancellationError() }
        defer { waits.update { queues in queues.release(key).map { ($0, true) } } }
        return try await body()
    }
}

/// Who holds which key, and who waits for it.
private struct KeyQueues<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let ticket: Int
        let isShared: Bool
    }

    private struct Queue {
        /// Those who hold the key; several only if they share it.
        var holders = 1
        var isShared: Bool
        var waiting: Deque<Waiter> = []

        /// Lets in those at the front whom the holders do not exclude.
        mutating func admit() -> [Int] {
            var admitted: [Int] = []
            while let next = waiting.first, holders == 0 || isShared && next.isShared {
                holders += 1
                isShared = next.isShared
                admitted.append(next.ticket)
                waiting.removeFirst()
            }
            return admitted
        }
    }

    /// A key that is here is held.
    private var queues: [Key: Queue] = [:]

    func waiting(for key: Key) -> Int { queues[key]?.waiting.count ?? 0 }

    /// - Returns: whether the key is held at once; else the ticket waits.
    mutating func arrive(_ key: Key, _ ticket: Int, isShared: Bool) -> Bool {
        guard let queue = queues[key] else {
            queues[key] = Queue(isShared: isShared)
            return true
        }
        // After one that waits, so that those who share do not keep it waiting for ever.
        if isShared, queue.isShared, queue.waiting.isEmpty {
            queues[key]?.holders += 1
            return true
        }
        queues[key]?.waiting.append(Waiter(ticket: ticket, isShared: isShared))
        return false
    }

    /// - Returns: who holds the key now because this ticket has left.
    mutating func withdraw(_ key: Key, _ ticket: Int) -> [Int] {
        queues[key]?.waiting.removeAll { $0.ticket == ticket }
        return queues[key]?.admit() ?? []
    }

    /// - Returns: who holds the key now.
    mutating func release(_ key: Key) -> [Int] {
        queues[key]?.holders -= 1
        let admitted = queues[key]?.admit() ?? []
        if queues[key]?.holders == 0 { queues[key] = nil }
        return admitted
    }
}
