import NIOCore
import ObjectStorage
import Testing

@testable import ImageCache

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite("State that others remember about the cache")
struct CacheMomentTests {
    private let path: ObjectKey
    private let etag = ETag(opaque: "v1")
    private let cache = ImageCache<Int>(bytes: 1 << 20)

    init() throws {
        path = try #require(ObjectKey("a/b.jpg"))
    }

    private func fill(bytes count: Int, _ text: String = "x") throws -> CachedBody {
        let reservation = try #require(cache.reserve(path, .rendition(text), bytes: count))
        return cache.setBody(
            path, etag, .rendition(text), [ByteBuffer(repeating: 1, count: count)], in: reservation,
            asked: cache.epoch(of: path))
    }

    @Test("Every change ends a moment; reading does not")
    func changesEndAMoment() throws {
        _ = try fill(bytes: 10)
        let changes: [(String, () throws -> Void)] = [
            ("answer", { cache.setCurrent(path, 1, asked: cache.epoch(of: path)) }),
            ("body", { _ = try fill(bytes: 10, "other") }),
            ("forgotten", { cache.forgetCurrent(path) }),
            ("write", { cache.invalidate(path) }),
            ("write of a prefix", { cache.invalidate(prefix: Array("a/".utf8)) }),
            // Each body takes more of the cache, until older bodies are evicted.
            ("eviction", { for index in 0..<40 { _ = try fill(bytes: 60_000, "\(index)") } }),
        ]
        for (name, change) in changes {
            let moment = cache.moment(of: path)
            _ = cache.current(path)
            _ = cache.body(path, etag, .rendition("x"))
            _ = cache.contains(path, etag, .original)
            #expect(moment.lasts, "\(name)")
            try change()
            #expect(!moment.lasts, "\(name)")
            #expect(cache.moment(of: path).lasts, "\(name)")
        }
    }

    @Test("An answer that confirms the old one ends no moment, and takes over the old serial number")
    func confirmationsEndNoMoment() throws {
        struct Answer { var (text, serial) = ("", 0) }
        let cache = ImageCache<Answer>(
            bytes: 1 << 20,
            confirms: { new, old in
                guard new.text == old.text else { return false }
                new.serial = old.serial
                return true
            })
        cache.setCurrent(path, Answer(text: "a", serial: 1), asked: cache.epoch(of: path))
        let moment = cache.moment(of: path)
        cache.setCurrent(path, Answer(text: "a", serial: 2), asked: cache.epoch(of: path))
        #expect(moment.lasts)
        #expect(cache.current(path)?.serial == 1)
        cache.setCurrent(path, Answer(text: "b", serial: 3), asked: cache.epoch(of: path))
        #expect(!moment.lasts)
        #expect(cache.current(path)?.serial == 3)
        // After a write there is no old answer that the new one could confirm.
        cache.invalidate(path)
        let later = cache.moment(of: path)
        cache.setCurrent(path, Answer(text: "b", serial: 4), asked: cache.epoch(of: path))
        #expect(!later.lasts)
        #expect(cache.current(path)?.serial == 4)
    }

    @Test("One look-up finds the answer and the body")
    func oneLook() throws {
        cache.setCurrent(path, 7, asked: cache.epoch(of: path))
        let body = try fill(bytes: 10)
        let found = cache.look(at: BodyName(path, etag, .rendition("x")))
        #expect(found.current == 7)
        #expect(found.body?.serial == body.serial)
        #expect(found.moment.lasts)
        let other = cache.look(at: BodyName(path, etag, .original))
        #expect(other.current == 7 && other.body == nil)
        cache.invalidate(path)
        #expect(!found.moment.lasts)
    }

    @Test("A weak reference finds the same body, but neither holds it nor prevents its eviction")
    func notedBodiesAreNotHeld() throws {
        let note = WeakBody(try fill(bytes: 60_000))
        let body = try #require(note.body)
        #expect(body.serial == cache.body(path, etag, .rendition("x"))?.serial)
        #expect(body.onePiece == ByteBuffer(repeating: 1, count: 60_000))
        #expect(cache.usedBytes >= 60_000)
        cache.invalidate(path)
        // The body is still being sent.
        #expect(note.body != nil)
        _ = consume body
        #expect(note.body == nil)
        #expect(cache.usedBytes == 0)

        let notes = try (0..<100).map { WeakBody(try fill(bytes: 60_000, "\($0)")) }
        #expect(notes.first?.body == nil)
        #expect(notes.last?.body != nil)
        #expect(cache.usedBytes <= 1 << 20)
    }

    @Test("A body's file has its bytes, is counted, and goes with the body")
    func files() throws {
        let body = try fill(bytes: 60_000)
        let before = cache.usedBytes
        #expect(body.file == nil)
        cache.makeFile(of: body)
        let file = try #require(cache.body(path, etag, .rendition("x"))?.file)
        #expect(cache.usedBytes == before + 60_000)
        var bytes = [UInt8](repeating: 0, count: 60_001)
        let count = bytes.withUnsafeMutableBytes { pread(file.descriptor, $0.baseAddress, $0.count, 0) }
        #expect(count == 60_000)
        #expect(bytes.dropLast().allSatisfy { $0 == 1 })
        // There is a file already.
        cache.makeFile(of: body)
        #expect(cache.usedBytes == before + 60_000)
        _ = consume file
        _ = consume body
        cache.invalidate(path)
        #expect(cache.usedBytes == 0)
    }

    @Test("If readers hold all bytes, no file is made")
    func noFileIfReadersHoldAllBytes() throws {
        let body = try fill(bytes: 60_000)
        var held: [CachedBody] = []
        while let reservation = cache.reserve(path, .original, bytes: 60_000) {
            held.append(
                cache.setBody(
                    path, etag, .original, [ByteBuffer(repeating: 1, count: 60_000)], in: reservation,
                    asked: cache.epoch(of: path)))
        }
        cache.makeFile(of: body)
        #expect(body.file == nil)
        #expect(!held.isEmpty)
    }
}
