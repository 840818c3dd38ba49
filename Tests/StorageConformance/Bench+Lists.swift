import NIOCore
import ObjectStorage
import Testing
import TextCoding

extension Bench {
    private var slash: UInt8 { UInt8(ascii: "/") }

    /// Byte order if the store promises it; otherwise any order, but each name once.
    private func expectNames(
        _ names: [String], _ expected: [String], _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let bytes = names.map { Array($0.utf8) }
        let sorted = expected.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        let inOrder = storage.capabilities.listsInByteOrder
        let given = inOrder ? bytes : bytes.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(
            given == sorted, "check \(check.rawValue): \(what): \(names) instead of \(expected)",
            sourceLocation: sourceLocation
        )
    }

    private func fill(_ names: [String]) async throws {
        for name in names { _ = try await put(key(name), name) }
    }

    func listPaging() async throws {
        let expected = (0..<25).map { "flat-\($0)" } + (0..<25).map { "deep/\($0 % 5)/\($0)" }
        try await fill(expected)
        for limit in [1000, 50, 49, 51, 7, 3] {
            expectNames(try await names(listAll(request(limit: limit))), expected, "limit \(limit)")
            expectNames(try await names(listAll(request(limit: limit), in: other)), expected, "limit \(limit)")
        }
        // A last page that is exactly full must not promise another page that stays empty.
        let page = try await storage.list(request(limit: 50))
        #expect(page.items.count == 50, comment)
    }

    func listLimitOne() async throws {
        let expected = ["a/a/a", "a/a/b", "a/b", "b", "c/a"]
        try await fill(expected)
        expectNames(try await names(listAll(request(limit: 1))), expected, "limit 1")
        let rolled = try await listAll(request(delimiter: slash, limit: 1))
        expectNames(names(rolled), ["b"], "items")
        expectNames(prefixNames(rolled), ["a/", "c/"], "prefixes")
    }

    func listPrefix() async throws {
        try await fill(["ab", "abc/d", "abc/de", "abd", "b", "abc-/x", "abce"])
        let cases: [(String, [String])] = [
            ("", ["ab", "abc/d", "abc/de", "abd", "b", "abc-/x", "abce"]),
            ("ab", ["ab", "abc/d", "abc/de", "abd", "abc-/x", "abce"]),
            ("abc", ["abc/d", "abc/de", "abc-/x", "abce"]),
            ("abc/", ["abc/d", "abc/de"]), ("abc/d", ["abc/d", "abc/de"]), ("abc/de", ["abc/de"]),
            ("abc/d/", []), ("x", []), ("ab/", []), ("abc/dee", []), ("b", ["b"]), ("b/", []),
        ]
        for (prefix, expected) in cases {
            for limit in [1000, 1, 2] {
                let page = try await listAll(request(prefix, limit: limit))
                expectNames(names(page), expected, "prefix \(prefix) limit \(limit)")
            }
        }
    }

    func listDelimiter() async throws {
        try await fill(["a", "a-b", "b/c", "b/d/e", "b/d/f", "b0", "b-/x", "c/d/e/f"])
        let cases: [(String, [String], [String])] = [
            ("", ["a", "a-b", "b0"], ["b/", "b-/", "c/"]),
            ("b", ["b0"], ["b/", "b-/"]),
            ("b/", ["b/c"], ["b/d/"]),
            ("b/d", [], ["b/d/"]),
            ("b/d/", ["b/d/e", "b/d/f"], []),
            ("c/", [], ["c/d/"]), ("c/d/e/", ["c/d/e/f"], []), ("d", [], []), ("a/", [], []), ("a", ["a", "a-b"], []),
        ]
        for (prefix, items, prefixes) in cases {
            for limit in [1000, 1, 2] {
                let page = try await listAll(request(prefix, delimiter: slash, limit: limit))
                expectNames(names(page), items, "items of \(prefix), limit \(limit)")
                expectNames(prefixNames(page), prefixes, "prefixes of \(prefix), limit \(limit)")
            }
        }
    }

    func listDelimiterPaging() async throws {
        var items: [String] = []
        var prefixes: [String] = []
        for number in 0..<9 {
            items.append("item-\(number)")
            prefixes.append("item-\(number).d/")
        }
        try await fill(items + prefixes.flatMap { ["\($0)1", "\($0)2", "\($0)3/4"] })
        for limit in [1, 2, 4, 5, 17, 18, 19] {
            let page = try await listAll(request(delimiter: slash, limit: limit))
            expectNames(names(page), items, "items, limit \(limit)")
            expectNames(prefixNames(page), prefixes, "prefixes, limit \(limit)")
        }
    }

    func listStartAfter() async throws {
        let all = ["a", "b/1", "b/2", "b-1", "c", "d/1"]
        try await fill(all)
        // The expected result is the rest in the store's own order, whichever it is.
        let order = try await names(listAll(request()))
        for (place, name) in order.enumerated() {
            for limit in [1000, 1] {
                let rest = try await names(listAll(request(limit: limit, startAfter: name)))
                #expect(rest == Array(order[(place + 1)...]), "check \(check.rawValue): after \(name), limit \(limit)")
            }
        }
        guard storage.capabilities.listsInByteOrder else { return }
        let cases: [(String, [String])] = [
            ("", ["a", "b-1", "b/1", "b/2", "c", "d/1"]), ("a0", ["b-1", "b/1", "b/2", "c", "d/1"]),
            ("b.", ["b/1", "b/2", "c", "d/1"]), ("b/", ["b/1", "b/2", "c", "d/1"]), ("b/11", ["b/2", "c", "d/1"]),
            ("b0", ["c", "d/1"]), ("d/1", []), ("e", []),
        ]
        for (after, expected) in cases {
            let rest = try await names(listAll(request(startAfter: after)))
            #expect(rest == expected, "check \(check.rawValue): after \(after)")
        }
        let rolled = try await listAll(request(delimiter: slash, startAfter: "b0"))
        #expect(names(rolled) == ["c"], comment)
        #expect(prefixNames(rolled) == ["d/"], comment)
    }

    /// The order is that of whole keys as bytes: `a-b` before `a/b` before `a0`. No locale and no normal form counts.
    func listOrder() async throws {
        let expected = [
            "A", "Z", "a!", "a-b", "a.b", "a/b", "a/b-", "a/c/d", "a/c0", "a0", "aa", "b", "e\u{301}", "ez", "z",
            "\u{E9}", "\u{FFFD}", "\u{10000}",
        ]
        try await fill(expected.reversed())
        for limit in [1000, 1, 5] {
            expectNames(try await names(listAll(request(limit: limit))), expected, "limit \(limit)")
        }
    }

    func listEmpty() async throws {
        #expect(try await storage.list(request()) == ListPage(), comment)
        #expect(try await storage.list(request("no/such/")) == ListPage(), comment)
        #expect(try await storage.list(request(delimiter: slash)) == ListPage(), comment)
    }

    func listTellsInfo() async throws {
        let key = try key("folder/object")
        let etag = try await put(key, "12345")
        let head = try await storage.head(key)
        let item = try #require(try await other.list(request()).items.first, comment)
        #expect(item.key == key, comment)
        #expect(item.size == 5, comment)
        #expect(item.etag == etag, comment)
        #expect(item.lastModified?.seconds == head.lastModified?.seconds, comment)
    }

    /// Writes between two pages remove no other key from the listing, and add no key twice.
    func listCursorUnderWrites() async throws {
        let all = (0..<12).map { "k/\($0 % 3)/\($0)" }
        try await fill(all)
        let first = try await storage.list(request(limit: 4))
        let seen = names(first)
        #expect(seen.count == 4, comment)
        for name in seen { try await storage.delete(key(name), ifMatch: nil) }
        var request = request(limit: 4)
        let cursor: String = try #require(first.cursor, comment)
        request.cursor = cursor
        let rest = try await names(listAll(request))
        #expect(Set(rest).isDisjoint(with: seen), comment)
        #expect(Set(rest + seen) == Set(all), comment)
        #expect(rest.count == 8, comment)
    }

    /// A client may send any text as a cursor. That is the client's error, not the store's.
    func listForgedCursor() async throws {
        for cursor in ["", "!", "\u{E9}", "x", "k", "t"] {
            var request = request()
            request.cursor = cursor
            await expectError(.badCursor) { _ = try await storage.list(request) }
        }
    }
}
