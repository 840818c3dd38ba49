import ObjectStorage
import TextCoding

/// A page, and a count of what it had to leave out.
struct ListedPage: Sendable, Hashable {
    var page = ListPage()
    /// Objects without key, ETag or size.
    var passedOver = 0
}

extension ListDocument {
    /// The page in the document. Names that cannot be an ``ObjectKey`` are left out.
    ///
    /// - Parameter inByteOrder: whether `a-b` comes before the folder `a/`, as in byte order; else names are in order.
    func listed(plusIsSpace: Bool, inByteOrder: Bool = true) throws(BadAnswer) -> ListedPage {
        let decoder = NameDecoder(encodingType: encodingType, plusIsSpace: plusIsSpace)
        var listed = ListedPage()
        var last: [UInt8]?
        for entry in contents {
            guard let text = entry.key else {
                listed.passedOver += 1
                continue
            }
            let name = try decoder.decode(text)
            last = name
            guard let key = ObjectKey(name) else { continue }
            guard let etag = entry.etag.flatMap({ ETag(header: $0) }), let size = entry.size.flatMap({ Int64($0) }),
                size >= 0
            else {
                listed.passedOver += 1
                continue
            }
            let time = entry.lastModified.flatMap { Timestamp(rfc3339: $0) ?? Timestamp(httpDate: $0) }
            listed.page.items.append(ObjectInfo(key: key, size: size, etag: etag, lastModified: time))
        }
        for prefix in commonPrefixes { listed.page.prefixes.append(try decoder.decode(prefix)) }
        guard isTruncated == .cutOff else { return listed }
        if let token = nextContinuationToken, !token.isEmpty, !StoreCursor.isDamaged(token) {
            listed.page.cursor = StoreCursor.token(token).text
        } else {
            let candidates = [last, listed.page.prefixes.last].compactMap { $0 }
            guard let after = candidates.max(by: { Self.precedes($0, $1, inByteOrder: inByteOrder) }) else {
                throw BadAnswer("a page that is cut off and says not where")
            }
            listed.page.cursor = StoreCursor.after(after).text
        }
        return listed
    }

    private static func precedes(_ left: [UInt8], _ right: [UInt8], inByteOrder: Bool) -> Bool {
        guard !inByteOrder else { return left.lexicographicallyPrecedes(right) }
        let slash = UInt8(ascii: "/")
        let (left, right) = (
            left.last == slash ? left.dropLast() : left[...], right.last == slash ? right.dropLast() : right[...]
        )
        return left.lexicographicallyPrecedes(right)
    }
}

/// Names in a listing are encoded only if the store says so. A store that does not know `encoding-type` sends them
/// unencoded, and a percent sign in them stands for itself.
struct NameDecoder: Sendable {
    var encodingType: String?
    var plusIsSpace: Bool

    func decode(_ text: String) throws(BadAnswer) -> [UInt8] {
        guard encodingType?.lowercased() == "url" else { return Array(text.utf8) }
        guard let bytes = PercentEncoding.decode(text.utf8, plusIsSpace: plusIsSpace) else {
            throw BadAnswer("a name in a listing that is encoded wrongly")
        }
        return bytes
    }
}
