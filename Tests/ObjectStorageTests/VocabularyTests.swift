import NIOCore
import ObjectStorage
import Testing

/// The small types that all stores share.
@Suite struct VocabularyTests {
    @Test func keysAreComparedByBytes() throws {
        #expect(ObjectKey("") == nil)
        #expect(ObjectKey("a\0b") == nil)
        #expect(ObjectKey([0xFF]) == nil)
        // A surrogate, and an overlong form of a slash.
        #expect(ObjectKey([0xED, 0xA0, 0x80]) == nil)
        #expect(ObjectKey([0xC0, 0xAF]) == nil)
        #expect(ObjectKey(String(repeating: "k", count: 1024)) != nil)
        #expect(ObjectKey(String(repeating: "k", count: 1025)) == nil)
        #expect(try key("caf\u{E9}") != key("cafe\u{301}"))
        #expect(try key("a/\u{301}b//").segments.map { Array($0) } == [[0x61], [0xCC, 0x81, 0x62], [], []])
        #expect(try key("a/\u{301}b").hasPrefix("a/".utf8))
        #expect(try [key("a0"), key("a/b"), key("a-b"), key("a")].sorted().map(\.text) == ["a", "a-b", "a/b", "a0"])
    }

    @Test(arguments: [
        ("\"abc\"", "\"abc\""), ("abc", "\"abc\""), ("W/\"abc\"", "\"abc\""), ("\"a!-\u{7E}\"", "\"a!-\u{7E}\""),
        ("", nil), ("\"\"", nil), ("W/", nil), ("\"a\"b\"", nil), ("a b", nil), ("a\u{7F}", nil), ("é", nil),
    ])
    func anETagIsReadFromAHeader(_ header: String, _ expected: String?) {
        #expect(ETag(header: header)?.text == expected)
    }

    @Test(
        arguments: [
            (.closed(first: 0, last: 0), 1, 0..<1), (.closed(first: 0, last: 9), 5, 0..<5),
            (.closed(first: 4, last: 4), 5, 4..<5), (.closed(first: 5, last: 9), 5, nil),
            (.closed(first: 0, last: .max), 5, 0..<5), (.closed(first: 3, last: 2), 5, nil),
            (.from(0), 5, 0..<5), (.from(4), 5, 4..<5), (.from(5), 5, nil), (.from(0), 0, nil),
            (.suffix(1), 5, 4..<5), (.suffix(5), 5, 0..<5), (.suffix(.max), 5, 0..<5), (.suffix(0), 5, nil),
            (.suffix(1), 0, nil),
        ] as [(ByteRange, Int64, Range<Int64>?)])
    func rangesAreResolvedToBytes(_ range: ByteRange, size: Int64, expected: Range<Int64>?) {
        #expect(range.resolve(size: size) == expected)
    }

    @Test func aBodyIsCollectedUpToItsLimit() async throws {
        let body = ObjectBody(ByteBuffer(string: "12345"))
        #expect(try await body.collect(upTo: 5) == ByteBuffer(string: "12345"))
        await #expect(throws: StorageError.self) { try await body.collect(upTo: 4) }
        #expect(try await ObjectBody(ByteBuffer()).collect(upTo: 0) == ByteBuffer())
    }

    @Test func anErrorShowsNoDetailToAClient() {
        let error = StorageError(.notFound, during: .get, detail: "/var/lib/secret")
        #expect(!"\(error)".contains("secret"))
        #expect(String(reflecting: error).contains("/var/lib/secret"))
        #expect(!error.isOutage && StorageError(.timedOut, during: .get).isOutage)
    }
}
