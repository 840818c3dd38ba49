import Glibc
import TaskSupport
import TextCoding

/// Locks by key, between tasks and between processes: a fixed set of files, of which the key's hash chooses one. The
/// files are never unlinked: a lock on an unlinked file excludes nobody. Each lock is a flock on its own open file
/// description, so a killed process leaves no lock. Blocks: never call it on an event loop.
struct KeyLockFiles: Sendable {
    static let count: UInt64 = 64

    let tree: LocalTree
    /// The longest wait for a lock: another process that stopped while it holds one must not block every thread.
    let timeout: Duration
    let clock: MonotonicClock

    /// Runs `body` while nobody else holds a lock on the key. `body` must be short and take no lock.
    ///
    /// - Throws: what `body` throws; ``LocalStorageError`` with `timedOut` if the lock was not free in time.
    func withLock<Result>(
        _ key: LocalKey, _ body: () throws(LocalStorageError) -> Result
    ) throws(LocalStorageError) -> Result {
        let folder = try tree.openOwn(LocalTree.lockFolder)
        let name = FileName(Hexadecimal.encode([UInt8(KeyLockFiles.slot(of: key.key))]))
        let file = Descriptor(
            try systemCall("open a lock file") {
                openat(folder.number, name.text, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
            }
        )
        try lock(file)
        // Closing would free it too, but only with the last owner, and the optimiser decides when that is.
        defer { flock(file.number, LOCK_UN) }
        return try body()
    }

    /// Polls: a blocking flock cannot be cancelled.
    private func lock(_ file: Descriptor) throws(LocalStorageError) {
        let end = clock.now() + timeout
        var pause: useconds_t = 100
        while true {
            do throws(LocalStorageError) {
                try systemCall("flock") { flock(file.number, LOCK_EX | LOCK_NB) }
                return
            } catch let error where error.number == EWOULDBLOCK {
                guard clock.now() < end else {
                    throw LocalStorageError(.timedOut, "another writer has held the lock of this key for \(timeout)")
                }
            }
            usleep(pause)
            pause = min(pause * 2, 5_000)
        }
    }

    /// The same in every process: 64-bit FNV-1a (draft-eastlake-fnv), modulo the number of files.
    static func slot(of key: ObjectKey) -> UInt64 {
        let hash = key.bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return hash % count
    }
}
