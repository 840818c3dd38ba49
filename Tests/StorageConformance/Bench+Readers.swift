import NIOCore
import ObjectStorage
import Testing

extension Bench {
    func overwriteUnderReader() async throws {
        let key = try key("object")
        let size = 6 << 20
        let old = Bench.pattern(size, seed: 1)
        let new = Bench.pattern(size, seed: 2)
        _ = try await storage.put(key, bytes: old, options: PutOptions())
        let result = try await storage.get(key, options: GetOptions())
        var iterator = result.body.makeAsyncIterator()
        var seen = ByteBuffer()
        if var chunk = try await iterator.next() { seen.writeBuffer(&chunk) }
        _ = try await other.put(key, bytes: new, options: PutOptions())
        do {
            while var chunk = try await iterator.next() { seen.writeBuffer(&chunk) }
            #expect(seen == old, comment)
        } catch {
            #expect(error is StorageError, comment)
        }
        #expect(try await read(key) == new, comment)
    }

    func readersSeeWholeVersions() async throws {
        let key = try key("object")
        @Sendable func version(_ number: Int) -> ByteBuffer {
            ByteBuffer(repeating: UInt8(number), count: 50_000 + number * 1_001)
        }
        _ = try await storage.put(key, bytes: version(0), options: PutOptions())
        let reads = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                for number in 1...40 {
                    _ = try await storage.put(key, bytes: version(number), options: PutOptions())
                }
                return 0
            }
            for reader in 0..<4 {
                group.addTask {
                    let store = handle(reader, shared: true)
                    var whole = 0
                    for _ in 0..<20 {
                        let result = try await store.get(key, options: GetOptions())
                        guard let body = try? await result.body.collect(upTo: 1 << 20) else { continue }
                        let number = try #require(body.readableBytesView.first, comment)
                        #expect(body == version(Int(number)), comment)
                        #expect(result.info.size == Int64(body.readableBytes), comment)
                        whole += 1
                    }
                    return whole
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(reads > 0, comment)
        #expect(try await read(key, from: other) == version(40), comment)
    }

    func lateReader() async throws {
        let key = try key("object")
        let bytes = Bench.pattern(1 << 20)
        _ = try await storage.put(key, bytes: bytes, options: PutOptions())
        let result = try await storage.get(key, options: GetOptions())
        try await storage.delete(key, ifMatch: nil)
        do {
            #expect(try await result.body.collect(upTo: 2 << 20) == bytes, comment)
        } catch {
            #expect(error is StorageError, comment)
        }
        #expect(try await exists(key) == false, comment)
    }

    /// A body that nobody reads, or that nobody reads to its end, must delay neither the store nor the next reader.
    func droppedBody() async throws {
        let key = try key("object")
        let bytes = Bench.pattern(2 << 20)
        _ = try await storage.put(key, bytes: bytes, options: PutOptions())
        for number in 0..<60 {
            let result = try await storage.get(key, options: GetOptions())
            if number % 2 == 0 {
                var iterator = result.body.makeAsyncIterator()
                _ = try await iterator.next()
            }
        }
        #expect(try await read(key) == bytes, comment)
    }

    /// A call from a cancelled task does nothing, and its error says why.
    func cancelledCalls() async throws {
        let key = try key("object")
        _ = try await put(key, "there")
        let listing = request()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            await expectError(.cancelled) { _ = try await storage.head(key) }
            await expectError(.cancelled) { _ = try await storage.get(key, options: GetOptions()) }
            await expectError(.cancelled) { _ = try await storage.list(listing) }
        }
        task.cancel()
        await task.value
        #expect(try await read(key) == ByteBuffer(string: "there"), comment)
    }
}
