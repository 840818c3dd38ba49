import TextCoding

/// A position in a listing in byte order, as text: after the last key or prefix of a page.
enum ListCursor {
    static func text(behind bytes: [UInt8]) -> String {
        Base64URL.encode(bytes)
    }

    /// The key or prefix after which a page begins; empty: from the first key on.
    ///
    /// - Throws: ``LocalStorageError`` with `badCursor` for a cursor of another form.
    static func position(of request: ListRequest) throws(LocalStorageError) -> [UInt8] {
        guard let cursor = request.cursor else { return request.startAfter ?? [] }
        guard cursor.utf8.count <= 2 * ObjectKey.maximumLength, let bytes = Base64URL.decode(cursor),
            ObjectKey(bytes) != nil
        else { throw LocalStorageError(.badCursor, "the cursor is none of this store's") }
        return bytes
    }
}
