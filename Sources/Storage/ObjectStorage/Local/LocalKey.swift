/// A key as folders and a file name below the root.
struct LocalKey: Sendable {
    let key: ObjectKey
    let folders: [FileName]
    let leaf: FileName

    /// - Throws: ``LocalStorageError`` with `invalidKey` for a key that cannot be a path: one with an empty, `.` or
    ///   `..` segment, with one over 255 bytes, or with a name that the store itself uses.
    init(_ key: ObjectKey) throws(LocalStorageError) {
        self.key = key
        self.folders = try LocalKey.names(key.segments.dropLast())
        self.leaf = try LocalKey.names(key.segments.suffix(1))[0]
        let first = key.segments.prefix(2).map { Array($0) }
        // The server's own objects are below `.tintype`, in exactly this spelling; no other name may look like it.
        let others = first.first == LocalTree.ownName ? key.segments.dropFirst() : key.segments[...]
        guard first != [LocalTree.ownName], !LocalTree.isReserved(first),
            !others.contains(where: { OwnNames.contains($0) })
        else {
            throw LocalStorageError(.invalidKey, "the key names the store's own files")
        }
    }

    /// The segments as file names. They cannot lead upwards.
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
