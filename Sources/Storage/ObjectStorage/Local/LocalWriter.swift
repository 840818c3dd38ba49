import Glibc
import NIOCore
import TextCoding

/// Writes and removes objects in the tree. Blocks.
struct LocalWriter: Sendable {
    /// How often a write is retried when another one has moved a folder or a file meanwhile.
    private static let attempts = 128

    let tree: LocalTree
    let locks: KeyLockFiles
    let places: TemporaryPlaces
    let now: @Sendable () -> Timestamp

    /// Makes a written file the object of a key: first syncs the bytes, then checks and renames under the key's lock,
    /// then syncs the folder's entry. Without races, it waits for the disk twice.
    ///
    /// - Parameter carries: whether the new file takes over what others have put on the one it replaces.
    func commit(
        _ file: TemporaryFile, to key: LocalKey, mode: PutMode, carries: Bool = false
    ) throws(LocalStorageError) -> ETag {
        let seen = try tree.status(of: key)
        try LocalWriter.check(mode, against: seen)
        if carries, seen?.kind == .file { try file.carry(from: LocalReader(tree: tree).open(key).file) }
        try file.setModified(now: now(), laterThan: seen?.modified)
        try file.describe()
        try file.file.sync()
        let (etag, changed) = try locks.withLock(key) { () throws(LocalStorageError) in
            try place(file, at: key, mode: mode)
        }
        do throws(LocalStorageError) {
            for folder in changed { try folder.sync() }
        } catch {
            // It is visible already; only whether it survives a power failure is open.
            var syncError = error
            syncError.mayHaveHappened = true
            throw syncError
        }
        return etag
    }

    /// - Returns: the new version, and the folders whose entries have changed.
    private func place(
        _ file: TemporaryFile, at key: LocalKey, mode: PutMode
    ) throws(LocalStorageError) -> (ETag, [Descriptor]) {
        for _ in 0..<LocalWriter.attempts {
            let current = try tree.status(of: key)
            try LocalWriter.check(mode, against: current)
            // Another write has come since: its time may be later than the one set before.
            if try file.setModified(now: nil, laterThan: current?.modified) {
                try file.describe()
                try file.file.sync()
            }
            let etag = try file.file.status().etag
            guard let (folder, changed) = try tree.openOrMake(key.folders) else { continue }
            do throws(LocalStorageError) {
                switch current?.kind {
                case nil:
                    try file.create(key.leaf, in: folder)
                case .folder:
                    guard try LocalTree.removeHollowFolder(key.leaf, in: folder) else {
                        throw LocalStorageError(.conflict, "the key is a folder of others")
                    }
                    continue
                case .file, .other:
                    try file.replace(key.leaf, in: folder)
                }
            } catch let error where error.number == ENOENT && folder.isLinked && file.isThere {
                // No folder is gone: the file system does not accept this name.
                tree.removeEmptyFolders(above: key)
                throw LocalStorageError(.invalidKey, error.detail)
            } catch let error where error.number == EEXIST || error.number == ENOENT || error.number == EISDIR {
                continue
            } catch {
                tree.removeEmptyFolders(above: key)
                throw error
            }
            return (etag, [folder] + changed.reversed())
        }
        throw LocalStorageError(.conflict, "other writes moved the key's folders \(LocalWriter.attempts) times")
    }

    private static func check(_ mode: PutMode, against current: FileStatus?) throws(LocalStorageError) {
        let version = current?.kind == .file ? current?.etag : nil
        switch mode {
        case .overwrite:
            return
        case .createOnly:
            if version != nil { throw LocalStorageError(.preconditionFailed, "the object exists") }
        case .replace(let expected):
            if version != expected {
                throw LocalStorageError(.preconditionFailed, "the object has version \(version?.text ?? "none")")
            }
        }
    }

    /// Deletes the object of a key, and the folders that it leaves empty.
    func remove(_ key: LocalKey, ifMatch: ETag?) throws(LocalStorageError) {
        let folder = try locks.withLock(key) { () throws(LocalStorageError) -> Descriptor? in
            guard let folder = try tree.open(key.folders), let current = try folder.status(of: key.leaf),
                current.kind == .file
            else {
                if ifMatch != nil { throw LocalStorageError(.notFound, "no such object") }
                return nil
            }
            if let ifMatch, ifMatch != current.etag {
                throw LocalStorageError(.preconditionFailed, "the object has version \(current.etag)")
            }
            do throws(LocalStorageError) {
                try systemCall("unlink") { unlinkat(folder.number, key.leaf.text, 0) }
            } catch let error where error.number == ENOENT {
                return nil
            }
            return folder
        }
        // Before the folders are removed: a removed folder can be synced, but that does not make its path durable.
        try folder?.sync()
        tree.removeEmptyFolders(above: key)
    }

    /// Removes temporary files that no living writer holds.
    ///
    /// - Parameter age: in seconds; only files whose last change is so long ago.
    /// - Returns: how many were removed.
    func sweep(olderThan age: Int64) throws(LocalStorageError) -> Int {
        let limit = now().seconds - age
        var removed = 0
        for place in try places.all() {
            removed += try sweep(place.folder, namesBeginning: place.prefix, age: age, limit: limit)
        }
        return removed
    }

    private func sweep(
        _ folder: Descriptor, namesBeginning prefix: String, age: Int64, limit: Int64
    ) throws(LocalStorageError) -> Int {
        var removed = 0
        try FolderEntries.visit(folder) { entry, kind throws(LocalStorageError) in
            guard kind == .file, entry.starts(with: prefix.utf8) else { return true }
            let name = FileName(entry)
            let number = openat(folder.number, name.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard number >= 0 else { return true }
            let file = Descriptor(number)
            guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { return true }
            if age > 0, try file.status().modified.seconds > limit { return true }
            if unlinkat(folder.number, name.text, 0) == 0 { removed += 1 }
            return true
        }
        return removed
    }
}

extension LocalWriter {
    /// Whether a write could begin: the root is still where it was, and is writable.
    func checkAvailability() throws(LocalStorageError) {
        let folder = try tree.openOwn(LocalTree.temporaryFolder)
        try systemCall("faccessat") { faccessat(folder.number, ".", W_OK, 0) }
    }
}
