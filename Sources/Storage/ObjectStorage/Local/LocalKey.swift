/// A key as folders and a file name below the root.
struct LocalKey: Sendable {
    let key: ObjectKey
    let folders: [FileName]
    let leaf: FileName

    /// - Throws: ``LocalStorageError`` with `invalidKey` for a key that is no path of the file system's: an empty, `.`
    ///   or
    ///   `..` segment, one over 255 bytes, or a name that the store itself keeps its files under.
    init(_ key: ObjectKey) throws(LocalStorageError) {
        self.key = key
        self.folders = try LocalKey.names(key.segments.dropLast())
        self.leaf = try LocalKey.names(key.segments.suffix(1))[0]
        let first = key.segments.prefix(2).map { Array($0) }
        // The server's own objects are below `.tintype`, in exactly this spelling; nothing else may look like it.
        let others = first.first == LocalTree.ownName ? key.segments.dropFirst() : key.segments[...]
        guard first != [LocalTree.ownName], !LocalTree.isReserved(first),
            !others.contains(where: { OwnNames.contains($0) })
        else {
            throw LocalStorageError(.invalidKey, "the key names the store's own files")
        }
    }

    /// The segments as names of files; they lead nowhere but down.
    static func names(_ segments: some Sequence<ArraySlice<UInt8>>) throws(LocalStorageError) -> [FileName] {
        var names: [FileName] = []
        for segment in segments {
            guard !segment.isEmpty, !segment.elementsEqual(".".utf8), !segment.elementsEqual("..".utf8) else {
                throw LocalStorageError(.invalidKey, "an empty segment, . or .. in a key")
            }
            guard segment.count <= FileName.maximumLength, !segment.contains(0) else {
                throw LocalStorageError(
                    .invalidKey, "a segment of \(segment.count) bytes in a key, limit \(FileName.maximumLength)"
                )
            }
            names.append(FileName(segment))
        }
        return names
    }
}
