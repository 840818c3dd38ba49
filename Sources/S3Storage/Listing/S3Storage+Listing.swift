import NIOCore
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await list(request, during: .list, until: client.deadline())
    }

    func list(
        _ request: ListRequest, during operation: StorageError.Operation, until deadline: NIODeadline
    ) async throws(StorageError) -> ListPage {
        var query = [
            QueryItem("list-type", "2"), QueryItem("max-keys", String(request.pageSize)),
            // XML cannot hold every byte of a key.
            QueryItem("encoding-type", "url"), QueryItem("prefix", request.prefix),
        ]
        if let delimiter = request.delimiter { query.append(QueryItem("delimiter", [delimiter])) }
        if let text = request.cursor {
            switch StoreCursor(text) {
            case .token(let token): query.append(QueryItem("continuation-token", token))
            case .after(let key): query.append(QueryItem("start-after", key))
            case nil: throw StorageError(.badCursor, during: operation, detail: "a cursor that is not ours")
            }
        } else if let startAfter = request.startAfter, !startAfter.isEmpty {
            query.append(QueryItem("start-after", startAfter))
        }
        do throws(S3Failure) {
            let answer = try await client.send(S3Request(operation, .GET, query: query), until: deadline)
            return try Self.understand(operation) { () throws(BadAnswer) in
                try S3Document.decode(ListDocument.self, from: answer.body)
                    .page(plusIsSpace: traits.plusIsSpace)
            }
        } catch {
            var refusal = error.storageError
            // The rest of the question is ours: it must be the cursor that the store cannot read.
            if request.cursor != nil, error.fault?.status == 400, refusal.code == .badAnswer {
                refusal.code = .badCursor
            }
            throw refusal
        }
    }
}

extension ListDocument {
    /// The page that the document tells of. Names that no ``ObjectKey`` can be are left out.
    func page(plusIsSpace: Bool) throws(BadAnswer) -> ListPage {
        let decoder = NameDecoder(encodingType: encodingType, plusIsSpace: plusIsSpace)
        var page = ListPage()
        var last: [UInt8]?
        for entry in contents ?? [] {
            let name = try decoder.decode(entry.key)
            last = name
            guard let key = ObjectKey(name) else { continue }
            guard let etag = entry.etag.flatMap({ ETag(header: $0) }), let size = entry.size.flatMap({ Int64($0) }),
                size >= 0, let time = entry.lastModified.flatMap({ Timestamp(rfc3339: $0) ?? Timestamp(httpDate: $0) })
            else { throw BadAnswer("a listed object without ETag, size or time") }
            page.items.append(ObjectInfo(key: key, size: size, etag: etag, lastModified: time))
        }
        for prefix in commonPrefixes ?? [] {
            page.prefixes.append(try decoder.decode(prefix.prefix))
        }
        guard isTruncated == "true" else { return page }
        if let token = nextContinuationToken, !token.isEmpty {
            page.cursor = StoreCursor.token(token).text
        } else {
            let candidates = [last, page.prefixes.last].compactMap { $0 }
            guard let after = candidates.max(by: { $0.lexicographicallyPrecedes($1) }) else {
                throw BadAnswer("a page that is cut off and says not where")
            }
            page.cursor = StoreCursor.after(after).text
        }
        return page
    }
}

/// Names in a listing are encoded only where the store says so: one that does not know `encoding-type` sends them as
/// they are, and a percent sign in them is one.
struct NameDecoder: Sendable {
    var encodingType: String?
    var plusIsSpace: Bool

    func decode(_ text: String) throws(BadAnswer) -> [UInt8] {
        guard encodingType?.lowercased() == "url" else { return Array(text.utf8) }
        guard let bytes = PercentEncoding.decode(text, plusIsSpace: plusIsSpace) else {
            throw BadAnswer("a name in a listing that is encoded wrongly")
        }
        return bytes
    }
}
