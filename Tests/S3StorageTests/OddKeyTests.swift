import NIOCore
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

/// Keys that XML cannot hold. SeaweedFS makes the token of a page from its last key, and writes U+FFFD for characters
/// that do not fit. If such a key was the last of a page, the page came again without end, or keys were lost.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(3))) struct OddKeyTests {
    private static let names = [
        "a", "b\u{1}", "b\u{1}c", "c\u{FFFE}", "c\u{FFFE}x", "c\u{FFFF}", "c\u{FFFF}y", "d\u{1F}", "e\u{7F}",
        "f\u{FFFD}",
        "f\u{FFFD}\u{FFFF}", "g\n", "g\r\n", "g\t ", "h ", "i+%2B%", "j&<>\"'", "k\u{10FFFF}", "l\u{85}", "m\u{2028}",
        "z",
    ]

    @Test(arguments: [1, 2, 3, 5, 1000]) func everyKeyIsListedOnce(_ limit: Int) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let prefix = freshPrefix()
            let keys = try Self.names.map { try key(prefix + $0) }
            for key in keys { _ = try await storage.put(key, bytes: bytes("x"), options: PutOptions()) }
            var request = ListRequest(prefix: Array(prefix.utf8), limit: limit)
            var found: [ObjectKey] = []
            repeat {
                let page = try await storage.list(request)
                found += page.items.map(\.key)
                request.cursor = page.cursor
            } while request.cursor != nil && found.count <= keys.count
            #expect(found.sorted() == keys.sorted())
        }
    }

    /// The same for folders with such names, which become common prefixes.
    @Test(arguments: [1, 2, 5]) func everyFolderIsListedOnce(_ limit: Int) async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let prefix = freshPrefix()
            for name in Self.names {
                _ = try await storage.put(key(prefix + name + "/x"), bytes: bytes("x"), options: PutOptions())
            }
            _ = try await storage.put(key(prefix + "c\u{FFFF}-file"), bytes: bytes("x"), options: PutOptions())
            var request = ListRequest(prefix: Array(prefix.utf8), delimiter: UInt8(ascii: "/"), limit: limit)
            var found: [[UInt8]] = []
            repeat {
                let page = try await storage.list(request)
                found += page.prefixes + page.items.map(\.key.bytes)
                request.cursor = page.cursor
            } while request.cursor != nil && found.count <= Self.names.count + 1
            let expected =
                Self.names.map { Array((prefix + $0 + "/").utf8) } + [Array((prefix + "c\u{FFFF}-file").utf8)]
            #expect(Set(found) == Set(expected) && found.count == expected.count)
        }
    }

    /// If the position in a listing does not advance, the storage gives up instead of asking without end.
    @Test(arguments: [
        "<NextContinuationToken>t</NextContinuationToken>", "",
        "<NextContinuationToken>\u{FFFD}</NextContinuationToken>",
    ])
    func aCursorThatDoesNotAdvanceEndsTheListing(_ token: String) async throws {
        try await Servers.withFaults { storage, proxy in
            let entry = """
                <Contents><Key>k</Key><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>"e"</ETag><Size>1</Size>\
                </Contents>
                """
            proxy.setPlan { _ in
                .answer(
                    status: 200,
                    body: "<ListBucketResult><IsTruncated>true</IsTruncated>\(token)\(entry)</ListBucketResult>")
            }
            let first = try await storage.list(ListRequest(limit: 1))
            await expect(throwing: .badAnswer) {
                _ = try await storage.list(ListRequest(limit: 1, cursor: first.cursor))
            }
        }
    }
}
