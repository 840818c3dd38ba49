import NIOCore
import ObjectStorage
import Testing

extension Bench {
    func createOnly() async throws {
        let key = try key("object")
        let etag = try await put(key, "first", mode: .createOnly)
        await expectError(.preconditionFailed) { _ = try await put(key, "second", mode: .createOnly) }
        #expect(try await read(key) == ByteBuffer(string: "first"), comment)
        #expect(try await other.head(key).etag == etag, comment)
        try await storage.delete(key, ifMatch: nil)
        _ = try await put(key, "third", mode: .createOnly)
        #expect(try await read(key, from: other) == ByteBuffer(string: "third"), comment)
    }

    func createOnlyRace() async throws {
        for round in 0..<4 {
            let key = try key("object-\(round)")
            let results = await race(16) { number in
                let store = handle(number, shared: storage.capabilities.conditionalPut)
                let bytes = Bench.pattern(10_000 + number, seed: UInt64(number + 1))
                return try await store.put(key, bytes: bytes, options: PutOptions(mode: .createOnly)).etag
            }
            try await expectOneWinner(results, key: key) { Bench.pattern(10_000 + $0, seed: UInt64($0 + 1)) }
        }
    }

    func replace() async throws {
        let key = try key("object")
        let first = try await put(key, "first")
        let second = try await put(key, "second", mode: .replace(first))
        #expect(first != second, comment)
        await expectError(.preconditionFailed) { _ = try await put(key, "third", mode: .replace(first)) }
        #expect(try await read(key) == ByteBuffer(string: "second"), comment)
        #expect(try await other.head(key).etag == second, comment)
        _ = try await put(key, "fourth", mode: .replace(second))
        #expect(try await read(key, from: other) == ByteBuffer(string: "fourth"), comment)
    }

    func replaceMissing() async throws {
        let etag = try await put(key("object"), "there")
        let missing = try key("folder/missing")
        await expectError(.preconditionFailed, .notFound) { _ = try await put(missing, "x", mode: .replace(etag)) }
        #expect(try await exists(missing) == false, comment)
        #expect(try await names(listAll(request())) == ["object"], comment)
    }

    func replaceRace() async throws {
        let key = try key("object")
        var etag = try await put(key, "begin")
        for round in 0..<10 {
            let known = etag
            let base = 20_000 + round * 100
            let results = await race(16) { number in
                let store = handle(number, shared: storage.capabilities.conditionalPut)
                let bytes = Bench.pattern(base + number, seed: UInt64(base + number))
                return try await store.put(key, bytes: bytes, options: PutOptions(mode: .replace(known))).etag
            }
            try await expectOneWinner(results, key: key) { Bench.pattern(base + $0, seed: UInt64(base + $0)) }
            etag = try await storage.head(key).etag
        }
    }

    /// Exactly one write succeeds, and the object has its tag and bytes. All others are rejected.
    func expectOneWinner(
        _ results: [Result<ETag, any Error>], key: ObjectKey, bytes: (Int) -> ByteBuffer
    ) async throws {
        var winners: [(number: Int, etag: ETag)] = []
        for (number, result) in results.enumerated() {
            switch result {
            case .success(let etag):
                winners.append((number, etag))
            case .failure(let error):
                let code = (error as? StorageError)?.code
                #expect(code == .preconditionFailed || code == .conflict, comment)
            }
        }
        #expect(winners.count == 1, comment)
        let winner = try #require(winners.first, comment)
        #expect(try await storage.head(key).etag == winner.etag, comment)
        #expect(try await read(key, from: other) == bytes(winner.number), comment)
    }

    func everyWriteHasAVersion() async throws {
        let key = try key("object")
        var seen: Set<ETag> = []
        for number in 0..<20 {
            let etag = try await put(key, "\(number % 10)\(number / 10)")
            #expect(seen.insert(etag).inserted, comment)
            #expect(try await other.head(key).etag == etag, comment)
        }
    }

    func delete() async throws {
        let key = try key("folder/object")
        _ = try await put(key, "1")
        #expect(try await exists(key), comment)
        try await storage.delete(key, ifMatch: nil)
        #expect(try await exists(key) == false, comment)
        #expect(try await listAll(request()) == ListPage(), comment)
        if !peculiarities.contains(.emptyFoldersLinger) {
            #expect(try await listAll(request(delimiter: UInt8(ascii: "/"))) == ListPage(), comment)
        }
        await expectError(.notFound) { _ = try await storage.get(key, options: GetOptions()) }
        _ = try await put(key, "2", mode: .createOnly)
        #expect(try await read(key) == ByteBuffer(string: "2"), comment)
        // A folder is not an object: deleting its name deletes nothing.
        try await storage.delete(self.key("folder"), ifMatch: nil)
        #expect(try await exists(key), comment)
    }

    func conditionalDelete() async throws {
        let key = try key("object")
        let first = try await put(key, "first")
        let second = try await put(key, "second")
        await expectError(.preconditionFailed) { try await storage.delete(key, ifMatch: first) }
        #expect(try await read(key) == ByteBuffer(string: "second"), comment)
        try await storage.delete(key, ifMatch: second)
        #expect(try await exists(key) == false, comment)
        await expectError(.notFound, .preconditionFailed) { try await storage.delete(key, ifMatch: second) }
    }

    func deleteMissing() async throws {
        try await storage.delete(key("missing"), ifMatch: nil)
        try await storage.delete(key("missing/deep/down"), ifMatch: nil)
        #expect(try await listAll(request()) == ListPage(), comment)
    }
}
