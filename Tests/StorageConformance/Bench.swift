import NIOCore
import ObjectStorage
import Testing

/// The tools for one check: the store, a prefix for its keys, and short functions for common steps.
struct Bench: Sendable {
    let check: StorageConformance.Check
    let storage: any ObjectStorage
    let other: any ObjectStorage
    /// Ends with a slash.
    let prefix: String
    let peculiarities: StorageConformance.Peculiarities

    /// Names the check in every issue.
    var comment: Comment { "check \(check.rawValue)" }

    func key(_ name: String) throws -> ObjectKey {
        try #require(ObjectKey(prefix + name), comment)
    }

    /// Bytes that differ at every offset and with every seed, so that no part can be confused with another.
    static func pattern(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var buffer = ByteBuffer()
        buffer.reserveCapacity(count + 8)
        while buffer.readableBytes < count {
            // xorshift64 (Marsaglia, 2003).
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            buffer.writeInteger(state)
        }
        return buffer.getSlice(at: 0, length: count) ?? buffer
    }

    func read(_ key: ObjectKey, from store: (any ObjectStorage)? = nil) async throws -> ByteBuffer {
        let result = try await (store ?? storage).get(key, options: GetOptions())
        return try await result.body.collect(upTo: 256 << 20)
    }

    func put(_ key: ObjectKey, _ text: String, mode: PutMode = .overwrite) async throws -> ETag {
        try await storage.put(key, bytes: ByteBuffer(string: text), options: PutOptions(mode: mode)).etag
    }

    /// Whether the object exists, by a head through each handle.
    func exists(_ key: ObjectKey) async throws -> Bool {
        let answers = try await [exists(key, in: storage), exists(key, in: other)]
        #expect(answers[0] == answers[1], comment)
        return answers[0]
    }

    private func exists(_ key: ObjectKey, in store: any ObjectStorage) async throws -> Bool {
        do {
            _ = try await store.head(key)
            return true
        } catch let error where error.code == .notFound {
            return false
        }
    }

    /// Expects that `body` throws one of these codes. Records an issue if it throws nothing.
    func expectError(
        _ codes: StorageError.Code..., sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("\(check.rawValue): nothing thrown, expected \(codes)", sourceLocation: sourceLocation)
        } catch let error as StorageError {
            #expect(codes.contains(error.code), comment, sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(check.rawValue) threw \(String(reflecting: error))", sourceLocation: sourceLocation)
        }
    }

    /// All pages of a listing, joined.
    func listAll(_ request: ListRequest, in store: (any ObjectStorage)? = nil) async throws -> ListPage {
        var request = request
        var all = ListPage()
        var pages = 0
        repeat {
            let page = try await (store ?? storage).list(request)
            #expect(page.items.count + page.prefixes.count <= request.limit, comment)
            all.items += page.items
            all.prefixes += page.prefixes
            request.cursor = page.cursor
            request.startAfter = nil
            pages += 1
            try #require(pages < 10_000, "check \(check.rawValue): the listing never ends")
        } while request.cursor != nil
        return all
    }

    /// The names below this check's prefix, in the order of the listing.
    func names(_ page: ListPage) -> [String] {
        page.items.map { String($0.key.text.utf8.dropFirst(prefix.utf8.count)) ?? "?" }
    }

    func prefixNames(_ page: ListPage) -> [String] {
        page.prefixes.map { String(decoding: $0.dropFirst(prefix.utf8.count), as: UTF8.self) }
    }

    func request(
        _ name: String = "", delimiter: UInt8? = nil, limit: Int = 1000, startAfter: String? = nil
    ) -> ListRequest {
        ListRequest(
            prefix: Array((prefix + name).utf8), delimiter: delimiter, limit: limit,
            startAfter: startAfter.map { Array((prefix + $0).utf8) }
        )
    }

    /// Runs `count` calls at once. Returns their errors and results.
    func race<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
    ) async -> [Result<Value, any Error>] {
        await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
            for number in 0..<count {
                group.addTask {
                    do {
                        return (number, .success(try await body(number)))
                    } catch {
                        return (number, .failure(error))
                    }
                }
            }
            var results: [(Int, Result<Value, any Error>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Every other call uses the other handle, if the store promises that this is safe.
    func handle(_ number: Int, shared: Bool) -> any ObjectStorage {
        shared && number % 2 == 1 ? other : storage
    }
}

extension String {
    /// Nil if the slice of UTF-8 does not begin and end at a scalar.
    fileprivate init?(_ bytes: Substring.UTF8View.SubSequence) {
        self.init(validating: bytes, as: UTF8.self)
    }
}
