import Glibc

/// One entry of a folder, as a listing needs it.
struct FolderEntry: Sendable {
    /// The name, with a slash after a folder's: sorting by it sorts the whole keys in byte order (`a-b`, `a/b`, `a0`).
    let sortKey: [UInt8]
    let isFolder: Bool

    var nameBytes: [UInt8] { isFolder ? sortKey.dropLast() : sortKey }
    var name: FileName { FileName(nameBytes) }
}

/// Reads folders.
enum FolderEntries {
    /// Calls `body` with each entry but `.` and `..`, in the file system's order, until it returns false.
    static func visit(
        _ folder: Descriptor, _ body: (_ name: [UInt8], _ kind: FileStatus.Kind) throws(LocalStorageError) -> Bool
    ) throws(LocalStorageError) {
        // A new open file description: a duplicate would share the read position.
        let number = try systemCall("open a folder") {
            openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = fdopendir(number) else {
            let error = LocalStorageError("fdopendir", errno)
            close(number)
            throw error
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw LocalStorageError("readdir", errno) }
                return
            }
            let name = bytes(ofNameIn: entry)
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            let kind: FileStatus.Kind
            switch Int(entry.pointee.d_type) {
            case DT_REG: kind = .file
            case DT_DIR: kind = .folder
            case DT_UNKNOWN:
                // Some file systems do not tell the kind here.
                guard let status = try folder.status(of: FileName(name)) else { continue }
                kind = status.kind
            default: kind = .other
            }
            guard try body(name, kind) else { return }
        }
    }

    private static func bytes(ofNameIn entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        let start = UnsafeRawPointer(entry).advanced(by: offset)
        return Array(UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
    }

    /// The first `limit` files and folders, in order, that `filter` accepts. Memory grows with `limit`, not with the
    /// number of entries in the folder.
    static func smallest(
        _ limit: Int, in folder: Descriptor, where filter: (FolderEntry) -> Bool
    ) throws(LocalStorageError) -> [FolderEntry] {
        var kept: [FolderEntry] = []
        /// This entry and all after it are known not to be among the smallest.
        var bound: [UInt8]?
        func cut() {
            kept.sort { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
            guard kept.count > limit else { return }
            bound = kept[limit].sortKey
            kept.removeSubrange(limit...)
        }
        try visit(folder) { name, kind in
            guard kind != .other else { return true }
            let isFolder = kind == .folder
            let entry = FolderEntry(sortKey: isFolder ? name + [UInt8(ascii: "/")] : name, isFolder: isFolder)
            if let bound, !entry.sortKey.lexicographicallyPrecedes(bound) { return true }
            guard filter(entry) else { return true }
            kept.append(entry)
            if kept.count >= 2 * limit + 64 { cut() }
            return true
        }
        cut()
        return kept
    }
}
