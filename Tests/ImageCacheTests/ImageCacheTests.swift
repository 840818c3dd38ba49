import NIOCore
import ObjectStorage
import TestClock
import Testing

@testable import ImageCache

@Suite("ImageCache")
struct ImageCacheTests {
    private let path: ObjectKey
    private let other: ObjectKey
    private let etag = ETag(opaque: "v1")

    init() throws {
        path = try #require(ObjectKey("a/b.jpg"))
        other = try #require(ObjectKey("c.jpg"))
    }

    private func fill(_ cache: ImageCache<Int>, _ path: ObjectKey, bytes count: Int, _ text: String = "x") -> Bool {
        guard let reservation = cache.reserve(path, .rendition(text), bytes: count) else { return false }
        _ = cache.setBody(
            path, etag, .rendition(text), [ByteBuffer(repeating: 1, count: count)], in: reservation,
            asked: cache.epoch(of: path))
        return true
    }

    @Test("Stays within its budget, and drops the oldest of the bodies that were used once")
    func budget() {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        for index in 0..<100 { #expect(fill(cache, path, bytes: 50_000, "\(index)")) }
        #expect(cache.usedBytes <= 1 << 20)
        #expect(cache.body(path, etag, .rendition("99")) != nil)
        #expect(cache.body(path, etag, .rendition("0")) == nil)
        #expect(cache.reserve(path, .original, bytes: cache.maximumBodyBytes + 1) == nil)
    }

    @Test("Bytes that a reader holds are counted even after they have left the cache")
    func readersCount() throws {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        #expect(fill(cache, path, bytes: 60_000))
        var held = cache.body(path, etag, .rendition("x"))
        #expect(held != nil)
        cache.invalidate(path)
        #expect(cache.body(path, etag, .rendition("x")) == nil)
        #expect(cache.usedBytes >= 60_000)
        #expect(held?.size == 60_000)
        held = nil
        #expect(cache.usedBytes == 0)
    }

    @Test("Bodies that are being read stay in the cache, and bodies without a reader are evicted")
    func slowReaders() {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        for index in 0..<8 { #expect(fill(cache, path, bytes: 60_000, "read \(index)")) }
        let held = (0..<8).compactMap { cache.body(path, etag, .rendition("read \($0)")) }
        #expect(held.count == 8)
        // There is room for seven more. Other bodies come and go. Bodies with a reader are not dropped, because that
        // would free nothing.
        for index in 0..<40 {
            #expect(fill(cache, path, bytes: 60_000, "passing \(index)"))
            #expect(cache.usedBytes <= 1 << 20)
        }
        for index in 0..<8 { #expect(cache.body(path, etag, .rendition("read \(index)")) != nil) }
        #expect(cache.body(path, etag, .rendition("passing 39")) != nil)
        #expect(cache.body(path, etag, .rendition("passing 0")) == nil)
        #expect(held.allSatisfy { $0.size == 60_000 })
    }

    @Test("If readers hold all bytes, nothing new is cached and nothing is dropped")
    func everythingHeld() {
        let clock = ManualClock()
        let cache = ImageCache<Int>(bytes: 1 << 20, now: { clock.now })
        var index = 0
        while cache.usedBytes < 850_000, fill(cache, path, bytes: 60_000, "\(index)") { index += 1 }
        var held = (0..<index).compactMap { cache.body(path, etag, .rendition("\($0)")) }
        #expect(held.count == index)
        #expect(!cache.wasCrowded(within: .seconds(3_600)))
        #expect(cache.reserve(path, .rendition("more"), bytes: 65_000) == nil)
        #expect(cache.wasCrowded(within: .seconds(30)))
        clock.advance(by: .seconds(31))
        #expect(!cache.wasCrowded(within: .seconds(30)))
        for place in 0..<index { #expect(cache.body(path, etag, .rendition("\(place)")) != nil) }
        held = []
        #expect(cache.reserve(path, .rendition("more"), bytes: 65_000) != nil)
    }

    @Test("Answers about paths have their own share, which bodies do not use")
    func shares() throws {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        cache.setCurrent(other, 1, asked: cache.epoch(of: other))
        for index in 0..<100 { #expect(fill(cache, path, bytes: 50_000, "\(index)")) }
        #expect(cache.current(other) == 1)
        for index in 0..<5000 {
            let path = try #require(ObjectKey("many/\(index)"))
            cache.setCurrent(path, index, asked: cache.epoch(of: path))
        }
        #expect(cache.current(other) == nil)
        #expect(cache.body(path, etag, .rendition("99")) != nil)
        #expect(cache.usedBytes <= 1 << 20)
    }

    private func keys(_ name: String, _ count: Int) throws -> [ObjectKey] {
        try (0..<count).map { try #require(ObjectKey("\(name)/\($0)")) }
    }

    private func fillOriginal(_ cache: ImageCache<Int>, _ path: ObjectKey, bytes count: Int) -> Bool {
        guard let reservation = cache.reserve(path, .original, bytes: count) else { return false }
        _ = cache.setBody(
            path, etag, .original, [ByteBuffer(repeating: 1, count: count)], in: reservation,
            asked: cache.epoch(of: path))
        return true
    }

    @Test("Originals and renditions have a share each, and may use bytes that the other kind does not use")
    func kinds() throws {
        let cache = ImageCache<Int>(bytes: 4 << 20)
        let renditions = try keys("r", 400)
        let originals = try keys("o", 100)
        func cached() -> (renditions: Int, originals: Int) {
            (
                renditions.count { cache.contains($0, etag, .rendition("x")) },
                originals.count { cache.contains($0, etag, .original) }
            )
        }
        for path in renditions { #expect(fill(cache, path, bytes: 19_000)) }
        #expect(cached().renditions > 175)
        // Originals take back their quarter, and no more.
        for path in originals { #expect(fillOriginal(cache, path, bytes: 99_000)) }
        #expect((8...9).contains(cached().originals))
        #expect((130...140).contains(cached().renditions))
        for path in renditions { #expect(fill(cache, path, bytes: 19_000)) }
        #expect((8...9).contains(cached().originals))
        #expect((130...140).contains(cached().renditions))
        for path in renditions { cache.invalidate(path) }
        for path in originals { #expect(fillOriginal(cache, path, bytes: 99_000)) }
        #expect(cached().originals > 30)
        #expect(cache.usedBytes <= 4 << 20)
    }

    @Test("A scan through everything does not evict bodies that many clients request")
    func scan() throws {
        let cache = ImageCache<Int>(bytes: 16 << 20)
        let popular = try keys("popular", 200)
        for path in popular { #expect(fill(cache, path, bytes: 20_000)) }
        for _ in 0..<3 { for path in popular { #expect(cache.body(path, etag, .rendition("x")) != nil) } }
        for path in try keys("scan", 2000) { #expect(fill(cache, path, bytes: 20_000)) }
        for path in popular { #expect(cache.contains(path, etag, .rendition("x"))) }
        #expect(cache.usedBytes <= 16 << 20)
    }

    @Test("Invalidating a prefix drops everything below it, and answers that come later are not cached")
    func prefix() throws {
        let cache = ImageCache<Int>(bytes: 16 << 20)
        let gone = try keys("photos/a", 100)
        let left = try keys("photos-b", 100)
        for path in gone + left {
            #expect(fill(cache, path, bytes: 1000))
            #expect(fillOriginal(cache, path, bytes: 2000))
            cache.setCurrent(path, 1, asked: cache.epoch(of: path))
        }
        let coming = try #require(ObjectKey("photos/coming"))
        let asked = cache.epoch(of: coming)
        let before = cache.usedBytes
        cache.invalidate(prefix: Array("photos/".utf8))
        for path in gone {
            #expect(cache.current(path) == nil)
            #expect(!cache.contains(path, etag, .rendition("x")))
            #expect(!cache.contains(path, etag, .original))
        }
        for path in left {
            #expect(cache.current(path) == 1)
            #expect(cache.contains(path, etag, .rendition("x")))
            #expect(cache.contains(path, etag, .original))
        }
        #expect(abs(cache.usedBytes * 2 - before) < before / 20)
        cache.setCurrent(coming, 1, asked: asked)
        #expect(cache.current(coming) == nil)
        cache.invalidate(prefix: [])
        #expect(cache.usedBytes == 0)
    }

    @Test("Concurrent use: the budget holds, and all bytes are given back", arguments: SeededRandom.seeds)
    func concurrent(seed: UInt64) async throws {
        let cache = ImageCache<Int>(bytes: 2 << 20)
        let paths = try keys("p", 50)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    // The steps of each task can be repeated; how the tasks interleave cannot.
                    var random = SeededRandom(seed: seed &+ UInt64(worker))
                    for step in 0..<500 {
                        let path = paths[Int.random(in: 0..<paths.count, using: &random)]
                        switch Int.random(in: 0..<10, using: &random) {
                        case 0: cache.invalidate(path)
                        case 1: cache.setCurrent(path, step, asked: cache.epoch(of: path))
                        case 2: _ = fillOriginal(cache, path, bytes: 90_000)
                        case 3...5: _ = fill(cache, path, bytes: 20_000, "\(worker % 4)")
                        default: _ = cache.body(path, etag, .rendition("\(worker % 4)"))
                        }
                        #expect(cache.usedBytes <= 2 << 20)
                    }
                }
            }
        }
        for path in paths { cache.invalidate(path) }
        #expect(cache.usedBytes == 0)
    }

    @Test("Answers and bodies that were requested before a write are not cached after it")
    func staleFill() throws {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        let asked = cache.epoch(of: path)
        cache.invalidate(path)
        cache.setCurrent(path, 1, asked: asked)
        let reservation = try #require(cache.reserve(path, .original, bytes: 10))
        let body = cache.setBody(
            path, etag, .original, [ByteBuffer(repeating: 0, count: 10)], in: reservation, asked: asked)
        #expect(body.size == 10)
        #expect(cache.current(path) == nil)
        #expect(cache.body(path, etag, .original) == nil)
        cache.setCurrent(path, 2, asked: cache.epoch(of: path))
        cache.setCurrent(other, 3, asked: cache.epoch(of: other))
        #expect(cache.current(path) == 2)
        cache.invalidate(path)
        #expect(cache.current(path) == nil)
        #expect(cache.current(other) == 3)
    }
}

@Suite("CachedBody")
struct CachedBodyTests {
    @Test func aRangeMayCoverSeveralChunks() async throws {
        let cache = ImageCache<Int>(bytes: 1 << 20)
        let path = try #require(ObjectKey("p"))
        let bytes = (0..<100).map { UInt8($0) }
        let chunks = [0..<1, 1..<40, 40..<41, 41..<100].map { ByteBuffer(bytes: bytes[$0]) }
        let reservation = try #require(cache.reserve(path, .original, bytes: 100))
        let body = cache.setBody(
            path, ETag(opaque: "e"), .original, chunks, in: reservation, asked: cache.epoch(of: path))
        #expect(body.size == 100)
        for first in 0...100 {
            for end in first...100 {
                let got = try await body.stream(first..<end).collect(upTo: 100)
                #expect(got.readableBytesView.elementsEqual(bytes[first..<end]))
            }
        }
    }
}

@Suite("FillingBody")
struct FillingBodyTests {
    private func source(_ chunks: [Int], failing: Bool = false) -> ObjectBody {
        ObjectBody {
            var rest = chunks[...]
            return {
                await Task.yield()
                guard let size = rest.popFirst() else {
                    if failing { throw StorageError(.unavailable, during: .get) }
                    return nil
                }
                return ByteBuffer(repeating: UInt8(size % 251), count: size)
            }
        }
    }

    private func follow(_ cache: ImageCache<Int>, _ path: ObjectKey) async throws {
        let chunks = (1...60).map { $0 * 10 }
        let size = chunks.reduce(0, +)
        let expected = chunks.flatMap { [UInt8](repeating: UInt8($0 % 251), count: $0) }
        let reservation = try #require(cache.reserve(path, .original, bytes: size))
        let body = cache.fill(
            path, ETag(opaque: "e"), .original, from: source(chunks), in: reservation, asked: cache.epoch(of: path))
        #expect(cache.filling(path, ETag(opaque: "e"), .original) === body)
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for reader in 0..<20 {
                let stream = try #require(body.stream())
                group.addTask {
                    var bytes: [UInt8] = []
                    for try await chunk in stream {
                        bytes += chunk.readableBytesView
                        if reader % 3 == 0 { for _ in 0..<10 { await Task.yield() } }
                    }
                    return bytes
                }
            }
            for try await bytes in group { #expect(bytes == expected) }
        }
        #expect(cache.body(path, ETag(opaque: "e"), .original)?.size == size)
        #expect(cache.filling(path, ETag(opaque: "e"), .original) == nil)
    }

    @Test("Many readers get the whole body, each at its own pace")
    func followers() async throws {
        let cache = ImageCache<Int>(bytes: 16 << 20)
        let path = try #require(ObjectKey("p"))
        try await follow(cache, path)
        // After its last reader has gone, the body can be evicted like any other.
        for index in 0..<40 {
            let reservation = try #require(cache.reserve(path, .original, bytes: 1 << 20))
            _ = cache.setBody(
                path, ETag(opaque: "\(index)"), .original, [ByteBuffer(repeating: 1, count: 1 << 20)], in: reservation,
                asked: cache.epoch(of: path))
        }
        #expect(cache.body(path, ETag(opaque: "e"), .original) == nil)
    }

    @Test(
        "A body that breaks off, or is too short or too long, throws and is not cached",
        arguments: [([10, 20], 100, true), ([10, 20], 31, false), ([10, 20], 29, false)])
    func broken(_ chunks: [Int], _ size: Int, _ failing: Bool) async throws {
        let cache = ImageCache<Int>(bytes: 16 << 20)
        let path = try #require(ObjectKey("p"))
        let reservation = try #require(cache.reserve(path, .original, bytes: size))
        let tag = ETag(opaque: "e")
        let body = cache.fill(
            path, tag, .original, from: source(chunks, failing: failing), in: reservation, asked: cache.epoch(of: path))
        let stream = try #require(body.stream())
        await #expect(throws: StorageError.self) { for try await _ in stream {} }
        #expect(cache.body(path, tag, .original) == nil)
        #expect(cache.filling(path, tag, .original) == nil)
    }
}
