import NIOCore
import ObjectStorage
import Testing

extension Bench {
    private var partSize: Int { storage.capabilities.partSize }

    /// An upload in parts of the store's size. It is aborted if anything throws.
    func upload(
        _ key: ObjectKey, _ bytes: ByteBuffer, mode: PutMode = .overwrite, options: UploadOptions = UploadOptions(),
        to store: (any ObjectStorage)? = nil
    ) async throws -> ETag {
        let upload = try await (store ?? storage).beginUpload(key, options: options)
        do {
            // All parts at once, so they may arrive in any order.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, start) in stride(from: 0, to: bytes.readableBytes, by: partSize).enumerated() {
                    let part = bytes.getSlice(at: start, length: min(partSize, bytes.readableBytes - start))
                    group.addTask { try await upload.uploadPart(#require(part), number: index + 1) }
                }
                try await group.waitForAll()
            }
            return try await upload.complete(mode: mode).etag
        } catch {
            await upload.abort()
            throw error
        }
    }

    func uploadOneShortPart() async throws {
        let key = try key("folder/object")
        let bytes = Bench.pattern(10)
        let etag = try await upload(key, bytes)
        #expect(try await read(key, from: other) == bytes, comment)
        let info = try await other.head(key)
        #expect(info.size == 10 && info.etag == etag, comment)
    }

    func uploadSeveralParts() async throws {
        for (number, size) in [partSize, partSize + 1, 2 * partSize + 12_345].enumerated() {
            let key = try key("object-\(number)")
            let bytes = Bench.pattern(size, seed: UInt64(number + 5))
            let etag = try await upload(key, bytes)
            let result = try await other.get(key, options: GetOptions())
            #expect(result.info.size == Int64(size) && result.info.etag == etag, comment)
            #expect(try await result.body.collect(upTo: size) == bytes, comment)
            let across = ByteRange.closed(first: Int64(partSize) - 3, last: Int64(partSize) + 3)
            let part = try await storage.get(key, options: GetOptions(range: across))
            let expected = bytes.getSlice(at: partSize - 3, length: min(7, size - partSize + 3))
            #expect(try await part.body.collect(upTo: 7) == expected, comment)
        }
    }

    func uploadMetadata() async throws {
        let key = try key("object")
        let options = UploadOptions(contentType: "image/jpeg", metadata: ["id": "42", "path": "Zm9v"])
        _ = try await upload(key, ByteBuffer(string: "bytes"), options: options)
        let info = try await other.head(key)
        #expect(info.contentType == "image/jpeg", comment)
        #expect(info.metadata == ["id": "42", "path": "Zm9v"], comment)
    }

    func uploadWithoutParts() async throws {
        let key = try key("object")
        let upload = try await storage.beginUpload(key, options: UploadOptions())
        do {
            _ = try await upload.complete(mode: .overwrite)
            Issue.record("check \(check.rawValue): an upload without parts was accepted")
        } catch {
            #expect(error.code != .cancelled, comment)
        }
        await upload.abort()
        #expect(try await exists(key) == false, comment)
    }

    func uploadAbort() async throws {
        let key = try key("folder/object")
        let upload = try await storage.beginUpload(key, options: UploadOptions())
        try await upload.uploadPart(Bench.pattern(partSize), number: 1)
        await upload.abort()
        #expect(try await exists(key) == false, comment)
        #expect(try await listAll(request()) == ListPage(), comment)
        let unused = try await storage.beginUpload(key, options: UploadOptions())
        await unused.abort()
        if !peculiarities.contains(.emptyFoldersLinger) {
            #expect(try await listAll(request(delimiter: UInt8(ascii: "/"))) == ListPage(), comment)
        }
        await expectError(.notFound, .conflict, .unsupported) { _ = try await upload.complete(mode: .overwrite) }
        #expect(try await exists(key) == false, comment)
    }

    func uploadCreateOnly() async throws {
        let key = try key("object")
        let first = Bench.pattern(partSize + 7, seed: 1)
        let etag = try await upload(key, first, mode: .createOnly)
        await expectError(.preconditionFailed) {
            _ = try await upload(key, Bench.pattern(partSize + 9, seed: 2), mode: .createOnly)
        }
        #expect(try await read(key, from: other) == first, comment)
        #expect(try await storage.head(key).etag == etag, comment)
    }

    func uploadReplace() async throws {
        let key = try key("object")
        let first = try await put(key, "first")
        let bytes = Bench.pattern(partSize + 5, seed: 3)
        let second = try await upload(key, bytes, mode: .replace(first))
        #expect(first != second, comment)
        await expectError(.preconditionFailed) {
            _ = try await upload(key, ByteBuffer(string: "third"), mode: .replace(first))
        }
        #expect(try await read(key, from: other) == bytes, comment)
        #expect(try await other.head(key).etag == second, comment)
        let missing = try self.key("missing")
        await expectError(.preconditionFailed, .notFound) {
            _ = try await upload(missing, ByteBuffer(string: "x"), mode: .replace(second))
        }
        #expect(try await exists(missing) == false, comment)
    }

    func uploadIsUnseenUntilComplete() async throws {
        let key = try key("object")
        let upload = try await storage.beginUpload(key, options: UploadOptions())
        do {
            try await upload.uploadPart(Bench.pattern(partSize), number: 1)
            #expect(try await exists(key) == false, comment)
            #expect(try await listAll(request()) == ListPage(), comment)
            // A put before the upload completes is a separate object, until the upload replaces it.
            _ = try await put(key, "between", mode: .createOnly)
            try await upload.uploadPart(ByteBuffer(string: "end"), number: 2)
            #expect(try await read(key, from: other) == ByteBuffer(string: "between"), comment)
            await expectError(.preconditionFailed) { _ = try await upload.complete(mode: .createOnly) }
        } catch {
            await upload.abort()
            throw error
        }
        await upload.abort()
        #expect(try await read(key, from: other) == ByteBuffer(string: "between"), comment)
    }

    func uploadRace() async throws {
        let key = try key("object")
        let results = await race(8) { number in
            let store = handle(number, shared: storage.capabilities.conditionalComplete)
            let bytes = Bench.pattern(30_000 + number, seed: UInt64(number + 1))
            return try await upload(key, bytes, mode: .createOnly, to: store)
        }
        try await expectOneWinner(results, key: key) { Bench.pattern(30_000 + $0, seed: UInt64($0 + 1)) }
    }

    /// An abort works even if its task is cancelled; otherwise the parts would stay.
    func uploadInCancelledTask() async throws {
        let key = try key("object")
        let upload = try await storage.beginUpload(key, options: UploadOptions())
        try await upload.uploadPart(Bench.pattern(partSize), number: 1)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            await upload.abort()
        }
        task.cancel()
        await task.value
        await expectError(.notFound, .conflict, .unsupported) { _ = try await upload.complete(mode: .overwrite) }
        #expect(try await exists(key) == false, comment)
    }
}
