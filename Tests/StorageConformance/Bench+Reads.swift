import NIOCore
import ObjectStorage
import Testing
import TextCoding

extension Bench {
    func wholeRead() async throws {
        for (number, size) in [1, 2, 4095, 65_536, 131_073, 1_000_003].enumerated() {
            let key = try key("size-\(size)")
            let bytes = Bench.pattern(size, seed: UInt64(number + 1))
            let put = try await storage.put(key, bytes: bytes, options: PutOptions())
            let result = try await other.get(key, options: GetOptions())
            #expect(result.info.key == key, comment)
            #expect(result.info.size == Int64(size), comment)
            #expect(result.info.etag == put.etag, comment)
            #expect(result.range == 0..<Int64(size), comment)
            let body = try await result.body.collect(upTo: size)
            #expect(body == bytes, comment)
        }
    }

    func emptyObject() async throws {
        let key = try key("empty")
        let put = try await storage.put(key, bytes: ByteBuffer(), options: PutOptions())
        let result = try await other.get(key, options: GetOptions())
        #expect(result.info.size == 0, comment)
        #expect(result.info.etag == put.etag, comment)
        #expect(result.range == 0..<0, comment)
        let body = try await result.body.collect(upTo: 1)
        #expect(body.readableBytes == 0, comment)
        await expectError(.rangeNotSatisfiable) {
            _ = try await storage.get(key, options: GetOptions(range: .from(0)))
        }
        #expect(try await names(listAll(request())) == ["empty"], comment)
    }

    func missingObject() async throws {
        _ = try await put(key("folder/there"), "1")
        for name in ["missing", "folder", "folder/missing", "missing/missing"] {
            let key = try key(name)
            await expectError(.notFound) { _ = try await storage.get(key, options: GetOptions()) }
            await expectError(.notFound) { _ = try await storage.head(key) }
        }
    }

    func rangeReads() async throws {
        let size: Int64 = 300_001
        let key = try key("object")
        let bytes = Bench.pattern(Int(size))
        _ = try await storage.put(key, bytes: bytes, options: PutOptions())
        let last = size - 1
        let cases: [(ByteRange, Range<Int64>)] = [
            (.closed(first: 0, last: 0), 0..<1),
            (.closed(first: 0, last: last), 0..<size),
            (.closed(first: 1, last: 131_072), 1..<131_073),
            (.closed(first: last, last: last), last..<size),
            (.closed(first: 200_000, last: size + 10), 200_000..<size),
            (.from(0), 0..<size),
            (.from(last), last..<size),
            (.from(65_535), 65_535..<size),
            (.suffix(1), last..<size),
            (.suffix(150_000), 150_001..<size),
            (.suffix(size), 0..<size),
            (.suffix(size + 1), 0..<size),
        ]
        for (range, expected) in cases {
            let result = try await storage.get(key, options: GetOptions(range: range))
            #expect(result.range == expected, "check \(check.rawValue): \(range)")
            #expect(result.info.size == size, "check \(check.rawValue): \(range)")
            let body = try await result.body.collect(upTo: Int(size))
            let slice = bytes.getSlice(at: Int(expected.lowerBound), length: expected.count)
            #expect(body == slice, "check \(check.rawValue): \(range)")
        }
        for range in [ByteRange.from(size), .closed(first: size, last: size + 5), .from(size * 9)] {
            do {
                _ = try await storage.get(key, options: GetOptions(range: range))
                Issue.record("check \(check.rawValue): \(range) was accepted")
            } catch {
                #expect(error.code == .rangeNotSatisfiable, comment)
                #expect(error.objectSize == size, comment)
            }
        }
    }

    func conditionalRead() async throws {
        let key = try key("object")
        let first = try await put(key, "first")
        let second = try await put(key, "second one")
        #expect(first != second, comment)
        let result = try await storage.get(key, options: GetOptions(ifMatch: second))
        #expect(try await result.body.collect(upTo: 100) == ByteBuffer(string: "second one"), comment)
        let part = try await storage.get(key, options: GetOptions(range: .suffix(3), ifMatch: second))
        #expect(try await part.body.collect(upTo: 100) == ByteBuffer(string: "one"), comment)
        await expectError(.preconditionFailed) {
            _ = try await storage.get(key, options: GetOptions(ifMatch: first))
        }
        await expectError(.preconditionFailed) {
            _ = try await storage.get(key, options: GetOptions(range: .from(1), ifMatch: first))
        }
        let missing = try self.key("missing")
        await expectError(.notFound, .preconditionFailed) {
            _ = try await storage.get(missing, options: GetOptions(ifMatch: first))
        }
    }

    func head() async throws {
        let key = try key("object")
        let etag = try await put(key, "12345")
        let info = try await other.head(key)
        #expect(info.key == key, comment)
        #expect(info.size == 5, comment)
        #expect(info.etag == etag, comment)
        // After 2020-09-13. A clock may be wrong, but a unit may not.
        let time = try #require(info.lastModified, comment)
        #expect((1_600_000_000...5_000_000_000).contains(time.seconds), comment)
        #expect((0...999_999_999).contains(time.nanoseconds), comment)
        let again = try await storage.head(key)
        #expect(again.lastModified == info.lastModified, comment)
        let read = try await storage.get(key, options: GetOptions())
        #expect(read.info.lastModified?.seconds == time.seconds, comment)
    }

    func metadata() async throws {
        let key = try key("object")
        let printable = String(decoding: (0x21...0x7E).map(UInt8.init), as: UTF8.self)
        let metadata = ["id": "Zm9v", "path-of-it": "a b=c:d", "n0": "0", "printable": printable]
        _ = try await storage.put(
            key, bytes: ByteBuffer(string: "x"), options: PutOptions(contentType: "image/png", metadata: metadata)
        )
        let info = try await other.head(key)
        #expect(info.contentType == "image/png", comment)
        #expect(info.metadata == metadata, comment)
        let read = try await other.get(key, options: GetOptions())
        #expect(read.info.contentType == "image/png", comment)
        #expect(read.info.metadata == metadata, comment)

        // Close to S3's limit of 2 KB for names and values together.
        let large = try self.key("large")
        let value = String(repeating: "v", count: 1900)
        _ = try await storage.put(
            large, bytes: ByteBuffer(string: "x"), options: PutOptions(metadata: ["large": value])
        )
        #expect(try await other.head(large).metadata == ["large": value], comment)
    }

    func metadataGoesWithItsVersion() async throws {
        let key = try key("object")
        _ = try await storage.put(
            key, bytes: ByteBuffer(string: "1"),
            options: PutOptions(contentType: "image/png", metadata: ["id": "1", "old": "yes"])
        )
        _ = try await storage.put(
            key, bytes: ByteBuffer(string: "2"), options: PutOptions(contentType: "image/webp", metadata: ["id": "2"])
        )
        let info = try await other.head(key)
        #expect(info.contentType == "image/webp", comment)
        #expect(info.metadata == ["id": "2"], comment)
    }
}
