import Glibc

/// One page of a listing in byte order of the whole keys. The walk begins where the page begins. It keeps in memory the
/// page and, for each folder level on the way, an open folder and as many entries as a page may have.
struct LocalListing {
    private let tree: LocalTree
    private let prefix: [UInt8]
    private let rollsUp: Bool
    private let after: [UInt8]
    /// One more than asked for, to know whether another page follows.
    private let wanted: Int
    private var found: [Entry] = []

    private enum Entry {
        case item(ObjectInfo)
        case prefix([UInt8])

        var bytes: [UInt8] {
            switch self {
            case .item(let info): info.key.bytes
            case .prefix(let bytes): bytes
            }
        }
    }

    /// - Throws: ``LocalStorageError``: `badCursor` for a cursor of another form, `unsupported` for a delimiter other
    ///   than a slash.
    static func page(_ request: ListRequest, in tree: LocalTree) throws(LocalStorageError) -> ListPage {
        var listing = try LocalListing(request, tree: tree)
        try listing.walk()
        return listing.page
    }

    private init(_ request: ListRequest, tree: LocalTree) throws(LocalStorageError) {
        guard request.delimiter == nil || request.delimiter == UInt8(ascii: "/") else {
            throw LocalStorageError(.unsupported, "a delimiter other than a slash")
        }
        self.tree = tree
        self.prefix = request.prefix
        self.rollsUp = request.delimiter != nil
        self.wanted = request.pageSize + 1
        self.after = try ListCursor.position(of: request)
    }

    private var page: ListPage {
        var page = ListPage()
        for entry in found.prefix(wanted - 1) {
            switch entry {
            case .item(let info): page.items.append(info)
            case .prefix(let bytes): page.prefixes.append(bytes)
            }
        }
        if found.count == wanted { page.cursor = ListCursor.text(behind: found[wanted - 2].bytes) }
        return page
    }

    private mutating func walk() throws(LocalStorageError) {
        // Starts in the folder that the prefix names; the folders above are not read.
        let base = prefix.lastIndex(of: UInt8(ascii: "/")).map { Array(prefix[...$0]) } ?? []
        let segments = base.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropLast()
        let others = segments.first.map { Array($0) } == LocalTree.ownName ? segments.dropFirst() : segments
        guard let names = try? LocalKey.names(segments), !LocalTree.isReserved(segments.prefix(2).map { Array($0) }),
            !others.contains(where: { OwnNames.contains($0) }), let folder = try tree.open(names)
        else { return }
        try visit(folder, base: base)
    }

    /// - Returns: whether the page is full.
    @discardableResult
    private mutating func visit(_ folder: Descriptor, base: [UInt8]) throws(LocalStorageError) -> Bool {
        // Where the walk begins in this folder; nil: at its first entry.
        var bound: [UInt8]?
        /// A folder that contains the start position: it is entered, although its own name is before the position.
        var entered: [UInt8] = []
        if after.starts(with: base) {
            bound = Array(after.dropFirst(base.count))
            entered = rollsUp ? [] : bound ?? []
        } else if base.lexicographicallyPrecedes(after) {
            return false
        }
        let namePrefix = prefix.dropFirst(base.count)
        while true {
            let entries = try FolderEntries.smallest(wanted, in: folder) { entry in
                guard entry.sortKey.starts(with: namePrefix), !LocalListing.isOwn(entry.nameBytes, base: base)
                else { return false }
                guard let bound else { return true }
                return bound.lexicographicallyPrecedes(entry.sortKey)
                    || entry.isFolder && entered.starts(with: entry.sortKey)
            }
            for entry in entries {
                if try take(entry, in: folder, base: base) { return true }
            }
            guard entries.count == wanted, let last = entries.last else { return false }
            bound = last.sortKey
            entered = []
        }
    }

    /// Whether this is one of the server's own files that are not objects, such as one being written. Files below its
    /// folder are objects.
    private static func isOwn(_ name: [UInt8], base: [UInt8]) -> Bool {
        OwnNames.contains(name) && !(base.isEmpty && name == LocalTree.ownName)
    }

    /// - Returns: whether the page is full.
    private mutating func take(
        _ entry: FolderEntry, in folder: Descriptor, base: [UInt8]
    ) throws(LocalStorageError) -> Bool {
        let path = base + entry.sortKey
        if entry.isFolder {
            guard let inner = try LocalListing.open(entry, in: folder, path: path) else { return false }
            guard rollsUp else { return try visit(inner, base: path) }
            guard try LocalListing.hasObject(inner, base: path) else { return false }
            found.append(.prefix(path))
        } else {
            // It may have gone since the folder was read.
            guard let key = ObjectKey(path), let status = try folder.status(of: entry.name), status.kind == .file
            else { return false }
            found.append(
                .item(ObjectInfo(key: key, size: status.size, etag: status.etag, lastModified: status.modified))
            )
        }
        return found.count == wanted
    }

    /// A folder to enter. Nil if it can hold no key, is gone, or cannot be read: a volume's `lost+found` must not make
    /// every listing fail.
    private static func open(
        _ entry: FolderEntry, in folder: Descriptor, path: [UInt8]
    ) throws(LocalStorageError) -> Descriptor? {
        guard path.count < ObjectKey.maximumLength, path.isValidUTF8,
            !LocalTree.isReserved(path.dropLast().split(separator: UInt8(ascii: "/")).prefix(3).map { Array($0) })
        else { return nil }
        do {
            return try LocalTree.open(entry.name, in: folder)
        } catch let error where [ENOENT, ENOTDIR, ELOOP, EACCES].contains(error.number) {
            return nil
        }
    }

    /// Whether there is any object below: a folder without objects is no prefix.
    private static func hasObject(_ folder: Descriptor, base: [UInt8]) throws(LocalStorageError) -> Bool {
        var folders: [FolderEntry] = []
        var found = false
        try FolderEntries.visit(folder) { name, kind in
            switch kind {
            case .file: found = !isOwn(name, base: base) && ObjectKey(base + name) != nil
            case .folder: folders.append(FolderEntry(sortKey: name + [UInt8(ascii: "/")], isFolder: true))
            case .other: break
            }
            return !found
        }
        if found { return true }
        for entry in folders where !isOwn(entry.nameBytes, base: base) {
            let path = base + entry.sortKey
            if let inner = try open(entry, in: folder, path: path), try hasObject(inner, base: path) { return true }
        }
        return false
    }
}
