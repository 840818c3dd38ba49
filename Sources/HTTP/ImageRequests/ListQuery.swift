public import ObjectStorage

extension ListRequest {
    /// Reads `prefix`, `delimiter`, `limit` and `cursor` of a listing.
    ///
    /// - Throws: ``RequestError`` if one is malformed or repeated.
    public init(_ query: Query) throws(RequestError) {
        self.init()
        prefix = try query.item("prefix")?.value ?? []
        guard prefix.isValidUTF8, prefix.count <= ObjectKey.maximumLength else {
            throw .badParameter("The parameter prefix must be UTF-8 of at most \(ObjectKey.maximumLength) bytes.")
        }
        if let text = try query.text("delimiter"), !text.isEmpty {
            guard text == "/" else { throw .badParameter("The parameter delimiter must be /.") }
            delimiter = UInt8(ascii: "/")
        }
        limit = try query.number("limit", in: 1...1000) ?? 1000
        if let text = try query.text("cursor"), !text.isEmpty { cursor = text }
    }
}
