import Glibc

/// The folders below the root, entered one by one without following any symlink. So neither a key nor a link leads out
/// of the tree, not even a link that is made between two steps.
struct LocalTree: Sendable {
    /// The folder of the server's own objects; the store's temporary files and lock files are there too.
    static let ownName = Array(".tintype".utf8)
    static let temporaryFolder = [FileName(".tintype"), FileName("tmp")]
    static let lockFolder = [FileName(".tintype"), FileName("locks")]

    let root: Descriptor
    /// Whether this file system knows the server's own folder by other names as well: in other case, or a short name.
    private let hasAliases: Bool

    /// Whether these first two segments are the store's temporary or lock folder, which hold no objects.
    static func isReserved(_ segments: [[UInt8]]) -> Bool {
        segments.count == 2 && segments[0] == ownName
            && (segments[1] == Array("tmp".utf8) || segments[1] == Array("locks".utf8))
    }

    /// Opens the root, and makes it if it is missing. The root itself may be a symlink: the operator has chosen it.
    init(path: String) throws(LocalStorageError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            made += String(decoding: Array(part), as: UTF8.self)
            if mkdir(made, 0o777) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS, errno != EACCES {
                throw LocalStorageError("mkdir", errno)
            }
            made += "/"
        }
        let root = Descriptor(
            try systemCall("open the root") { openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        )
        self.root = root
        // The folder must exist to be found by another name. Errors of a read-only root are reported later.
        mkdirat(root.number, LocalTree.temporaryFolder[0].text, 0o777)
        let own = try root.status(of: LocalTree.temporaryFolder[0])
        hasAliases = LocalTree.aliases.contains { alias in
            own != nil && (try? root.status(of: FileName(alias)))?.inode == own?.inode
        }
    }

    /// Other names for ``ownName``, on a file system that knows a file by more than one name.
    private static let aliases = [".TINTYPE", "TINTYP~1"]

    /// - Throws: ``LocalStorageError`` with `invalidKey` if this name is another name of the server's own folder.
    private func checkAlias(_ name: FileName, leadingTo folder: Descriptor) throws(LocalStorageError) {
        guard hasAliases, name != LocalTree.temporaryFolder[0],
            let own = try root.status(of: LocalTree.temporaryFolder[0])
        else { return }
        if own.inode == (try folder.status()).inode {
            throw LocalStorageError(.invalidKey, "the key names the store's own files")
        }
    }

    /// A folder; nil if it is missing: there is nothing, a file or a symlink.
    func open(_ names: [FileName]) throws(LocalStorageError) -> Descriptor? {
        var folder = root
        for name in names {
            do throws(LocalStorageError) {
                let isTop = folder === root
                folder = try LocalTree.open(name, in: folder)
                if isTop { try checkAlias(name, leadingTo: folder) }
            } catch let error where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
                return nil
            }
        }
        return folder
    }

    /// The existing folders on the way to a key, the root first.
    func way(to names: [FileName]) -> [Descriptor] {
        var way = [root]
        for name in names {
            guard let next = try? LocalTree.open(name, in: way[way.count - 1]) else { break }
            way.append(next)
        }
        return way
    }

    /// A folder, made if it is missing, and the folders that got a new entry and are not synced yet. Nil if a folder
    /// was removed meanwhile: try again.
    ///
    /// Only what was made here is synced. For a folder that another task has just made, a sync of the folder in it is
    /// enough: every journalling file system makes the path to a new folder durable with it.
    ///
    /// - Throws: ``LocalStorageError`` with `conflict` if a file or a symlink is in the way.
    func openOrMake(_ names: [FileName]) throws(LocalStorageError) -> (folder: Descriptor, changed: [Descriptor])? {
        var folder = root
        var changed: [Descriptor] = []
        for name in names {
            do throws(LocalStorageError) {
                let isTop = folder === root
                folder = try LocalTree.open(name, in: folder)
                if isTop { try checkAlias(name, leadingTo: folder) }
                continue
            } catch let error where error.number == ENOENT {}
            if mkdirat(folder.number, name.text, 0o777) == 0 {
                changed.append(folder)
            } else if errno == ENOENT {
                // Some file systems return this for a name that they do not accept.
                if folder.isLinked { throw LocalStorageError(.invalidKey, "mkdirat: no such name") }
                return nil
            } else if errno != EEXIST {
                throw LocalStorageError("mkdirat", errno, takesName: true)
            }
            do throws(LocalStorageError) {
                folder = try LocalTree.open(name, in: folder)
            } catch let error where error.number == ENOENT {
                return nil
            }
        }
        return (folder, changed)
    }

    /// One of the store's own folders.
    func openOwn(_ names: [FileName]) throws(LocalStorageError) -> Descriptor {
        for _ in 0..<8 {
            guard let (folder, changed) = try openOrMake(names) else { continue }
            for folder in changed { try folder.sync() }
            return folder
        }
        throw LocalStorageError(.unavailable, "the root folder is gone")
    }

    static func open(_ name: FileName, in folder: Descriptor) throws(LocalStorageError) -> Descriptor {
        Descriptor(
            try systemCall("open a folder", takesName: true) {
                openat(folder.number, name.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        )
    }

    /// The status of the file of a key; nil: no such file.
    func status(of key: LocalKey) throws(LocalStorageError) -> FileStatus? {
        try open(key.folders)?.status(of: key.leaf)
    }

    /// Removes the empty folders above a key, from the deepest up. A put that races with this finds its folder gone and
    /// makes it again.
    func removeEmptyFolders(above key: LocalKey) {
        for depth in stride(from: key.folders.count, to: 0, by: -1) {
            guard let parent = try? open(Array(key.folders[..<(depth - 1)])),
                unlinkat(parent.number, key.folders[depth - 1].text, AT_REMOVEDIR) == 0
            else { return }
        }
    }

    /// Removes a folder that contains no file at any depth: a killed put has left it.
    ///
    /// - Returns: whether the name is free now.
    static func removeHollowFolder(_ name: FileName, in parent: Descriptor) throws(LocalStorageError) -> Bool {
        if unlinkat(parent.number, name.text, AT_REMOVEDIR) == 0 || errno == ENOENT { return true }
        guard errno == ENOTEMPTY || errno == EEXIST else { return false }
        let folder: Descriptor
        do {
            folder = try open(name, in: parent)
        } catch let error where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
            return false
        }
        var inner: [FileName] = []
        try FolderEntries.visit(folder) { name, kind in
            guard kind == .folder else {
                inner = []
                return false
            }
            inner.append(FileName(name))
            return true
        }
        if inner.isEmpty { return false }
        for name in inner {
            guard try removeHollowFolder(name, in: folder) else { return false }
        }
        return unlinkat(parent.number, name.text, AT_REMOVEDIR) == 0 || errno == ENOENT
    }
}
