import TextCoding

/// The place in a listing in byte order: behind the last key or prefix of a page, as text.
enum ListCursor {
    static func text(behind bytes: [UInt8]) -> String {
        Base64URL.encode(bytes)
    }

    /// Behind which key or prefix a page begins; empty: at the first one.
    ///
    /// - Throws: ``LocalStorageError`` with `badCursor` for a cursor that is none of ours.
    static func position(of request: ListRequest) throws(LocalStorageError) -> [UInt8] {
        guard let cursor = request.cursor else { return request.startAfter ?? [] }
        guard cursor.utf8.count <= 2 * ObjectKey.maximumLength, let bytes = Base64URL.decode(cursor),
            ObjectKey(bytes) != nil
        else { throw LocalStorageError(.badCursor, "the cursor is none of this store's") }
        return bytes
    }
}
