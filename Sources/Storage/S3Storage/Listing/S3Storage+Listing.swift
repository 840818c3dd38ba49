import Logging
import Metrics
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    /// ListObjectsV2, with keys URL-encoded, since XML cannot hold every byte. Entries without key, ETag or size are
    /// left out.
    public func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await list(request, during: .list, until: client.deadline())
    }

    func list(
        _ request: ListRequest, during operation: StorageError.Operation, until deadline: ContinuousClock.Instant
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
        let place = request.cursor ?? request.startAfter.map { StoreCursor.after($0).text }
        let traits = traits
        do throws(S3RequestError) {
            let listed = try await client.read(
                ListDocument.self, S3Request(operation, .GET, query: query), until: deadline
            ) { document in
                try document.listed(plusIsSpace: traits.plusIsSpace, inByteOrder: traits.listsInByteOrder)
            }
            guard listed.page.cursor == nil || listed.page.cursor != place else {
                throw Self.badAnswer("a listing that does not continue", during: operation)
            }
            note(listed)
            return listed.page
        } catch {
            var listError = error.storageError
            // The status promised a listing. S3 sends no error with it, so this one is not the store's.
            if error.s3Error?.status == 200 { (listError.code, listError.isForeign) = (.badAnswer, true) }
            // The rest of the request is ours: it must be the cursor that the store cannot read.
            if request.cursor != nil, error.s3Error?.status == 400, listError.code == .badAnswer {
                listError.code = .badCursor
            }
            throw listError
        }
    }

    private func note(_ listed: ListedPage) {
        guard listed.passedOver > 0 else { return }
        Counter(label: "tintype_s3_listed_passed_over_total").increment(by: listed.passedOver)
        guard oddListing.isFirst else { return }
        logger.warning(
            "the store lists objects without key, ETag or size: they are left out, and counted from now on",
            metadata: ["count": "\(listed.passedOver)"])
    }
}
