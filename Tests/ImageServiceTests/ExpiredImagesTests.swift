import ImageService
import NIOCore
import ObjectStorage
import Synchronization
import Testing
import TextCoding

@Suite("Images that have outlived their lifetime", .timeLimit(.minutes(1)))
struct ExpiredImagesTests {
    private final class Clock: Sendable {
        private let seconds = Mutex<Int64>(1_800_000_000)

        var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }

        func move(by change: Int64) { seconds.withLock { $0 += change } }
    }

    private let clock = Clock()
    private let base: MemoryStorage
    private let storage: ScriptedStorage

    init() {
        base = MemoryStorage(now: { [clock] in clock.now })
        storage = ScriptedStorage(base)
    }

    private static func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }

    private static func put(_ text: String, in base: MemoryStorage) async throws {
        _ = try await base.put(key(text), bytes: ByteBuffer(string: "12345"), options: PutOptions())
    }

    /// `tmp/` lasts 100 s, `tmp/long/` 1,000 s, and `tmp/kept/` for ever.
    private func collect(isRemoving: Bool = true) async throws -> ExpiredImages.Report {
        var report = ExpiredImages.Report()
        let expired = ExpiredImages(
            storage: storage, prefixes: [Array("tmp/".utf8)], isRemoving: isRemoving, now: { [clock] in clock.now }
        ) { key in
            ImageLifetime(seconds: key.text.hasPrefix("tmp/kept/") ? 0 : key.text.hasPrefix("tmp/long/") ? 1_000 : 100)
        }
        try await expired.collect(into: &report)
        return report
    }

    private func keys() async throws -> [String] {
        try await base.list(ListRequest(prefix: [])).items.map(\.key.text).sorted()
    }

    @Test("Only what is over is removed, and only under the prefixes")
    func ends() async throws {
        for path in ["tmp/a.jpg", "tmp/b/c.jpg", "tmp/long/d.jpg", "tmp/kept/e.jpg", "f.jpg", "tmpx/g.jpg"] {
            try await Self.put(path, in: base)
        }
        let all = try await keys()
        clock.move(by: 99)
        #expect(try await collect() == ExpiredImages.Report(images: 4))
        clock.move(by: 1)
        #expect(try await collect(isRemoving: false) == ExpiredImages.Report(images: 4, expired: 2, expiredBytes: 10))
        #expect(try await keys() == all)
        #expect(try await collect() == ExpiredImages.Report(images: 4, expired: 2, expiredBytes: 10))
        #expect(try await keys() == all.filter { $0 != "tmp/a.jpg" && $0 != "tmp/b/c.jpg" })
        clock.move(by: 900)
        #expect(try await collect().expired == 1)
        #expect(try await keys() == ["f.jpg", "tmp/kept/e.jpg", "tmpx/g.jpg"])
    }

    @Test("An image that is written anew meanwhile stays", arguments: [StorageError.Operation.head, .delete])
    func replaced(_ operation: StorageError.Operation) async throws {
        try await Self.put("tmp/a.jpg", in: base)
        clock.move(by: 100)
        storage.before(next: operation) { [base] in try? await Self.put("tmp/a.jpg", in: base) }
        #expect(try await collect().expired == 0)
        #expect(try await keys() == ["tmp/a.jpg"])
    }

    @Test("One that is gone already is no error, and a store that fails is")
    func gone() async throws {
        try await Self.put("tmp/a.jpg", in: base)
        clock.move(by: 100)
        storage.before(next: .head) { [base] in try? await base.delete(Self.key("tmp/a.jpg"), ifMatch: nil) }
        #expect(try await collect().expired == 1)
        storage.fail(with: .unavailable)
        await #expect(throws: StorageError.self) { _ = try await collect() }
    }

    @Test("A lifetime of 0 has no end, and the longest one does not overflow")
    func lifetimes() throws {
        #expect(ImageLifetime(seconds: 0) == nil && ImageLifetime(seconds: -1) == nil)
        var object = ObjectInfo(
            key: try Self.key("a"), size: 1, etag: ETag(opaque: "x"), lastModified: Timestamp(seconds: 5))
        let lifetime = try #require(ImageLifetime(seconds: 10))
        #expect(!lifetime.isOver(object, at: Timestamp(seconds: 14)))
        #expect(lifetime.isOver(object, at: Timestamp(seconds: 15)))
        #expect(ImageLifetime(seconds: .max)?.isOver(object, at: Timestamp(seconds: .max - 1)) == false)
        object.lastModified = nil
        #expect(!lifetime.isOver(object, at: Timestamp(seconds: .max)))
    }
}

extension ExpiredImages.Report {
    init(images: Int, expired: Int = 0, expiredBytes: Int64 = 0) {
        self.init()
        self.images = images
        self.expired = expired
        self.expiredBytes = expiredBytes
    }
}
