import NIOCore
import ObjectStorage
import Testing

func key(_ text: String) throws -> ObjectKey {
    try #require(ObjectKey(text))
}

extension ObjectStorage {
    @discardableResult
    func put(_ name: String, _ text: String, mode: PutMode = .overwrite) async throws -> ETag {
        try await put(key(name), bytes: ByteBuffer(string: text), options: PutOptions(mode: mode)).etag
    }

    func text(of name: String) async throws -> String {
        let result = try await get(key(name), options: GetOptions())
        return try await String(buffer: result.body.collect(upTo: 64 << 20))
    }

    func names(prefix: String = "", limit: Int = 1000) async throws -> [String] {
        var request = ListRequest(prefix: Array(prefix.utf8), limit: limit)
        var names: [String] = []
        repeat {
            let page = try await list(request)
            names += page.items.map(\.key.text)
            request.cursor = page.cursor
        } while request.cursor != nil
        return names
    }
}

/// The code of the ``StorageError`` that `body` throws; nil if it throws none.
func errorCode(_ body: () async throws -> Void) async throws -> StorageError.Code? {
    do {
        try await body()
        return nil
    } catch let error as StorageError {
        return error.code
    }
}
