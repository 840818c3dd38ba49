import Glibc

/// Locks by key that hold between tasks and between processes: a fixed set of files, never unlinked (who waits on an
/// unlinked file waits for nobody), of which the key's hash picks one. Each lock is a flock on an open file description
/// of its own, so that a killed process leaves none behind. Blocks: never on an event loop.
struct KeyLockFiles: Sendable {
    static let count: UInt64 = 64

    let tree: LocalTree

    /// Runs `body` while nobody else holds a lock on the key. `body` must be short and take no lock.
    func withLock<Result>(
        _ key: LocalKey, _ body: () throws(LocalFailure) -> Result
    ) throws(LocalFailure) -> Result {
        let folder = try tree.openOwn(LocalTree.lockFolder)
        let name = FileName(hexadecimal([UInt8(KeyLockFiles.slot(of: key.key))]))
        let file = Descriptor(
            try systemCall("open a lock file") {
                openat(folder.number, name.text, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
            }
        )
        try systemCall("flock") { flock(file.number, LOCK_EX) }
        // Closing would free it too, but only with the last owner, which is for the optimiser to say.
        defer { flock(file.number, LOCK_UN) }
        return try body()
    }

    /// The same in every process: 64-bit FNV-1a (draft-eastlake-fnv), modulo the number of files.
    static func slot(of key: ObjectKey) -> UInt64 {
        let hash = key.bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return hash % count
    }
}
