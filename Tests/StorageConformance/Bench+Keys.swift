import NIOCore
import ObjectStorage
import Testing

extension Bench {
    /// Names that some layer of a store could misread: URL, XML, header, shell, file system.
    static let oddNames: [String] = {
        let printable = (0x20...0x7E).compactMap { $0 == 0x2F ? nil : Unicode.Scalar(UInt8($0)) }
        var names = printable.map { "char \($0) here.jpg" }
        names += printable.filter { $0 != "." }.map { "\($0)" }
        names += [
            " leading", "trailing ", " both ", "two  spaces", "a+b c%20d", "%", "%2F", "%2f", "%zz", "100%25", "+",
            "++",
            "#frag", "?query=1&b=2", "a&amp;b", "<tag>", "\"quoted\"", "'single'", "`tick`", "a;b", "a,b", "a=b",
            "(1)", "[1]", "{1}", "*", "~", "~user", "@", ":", "a:b", "$HOME", "!", "^", "|", "..a", "a..", "...",
            ".hidden", "-rf", "--", "null", "index.html", "con", "a\\b", "tab\there",
        ]
        names += [
            "Grüße", "日本語の写真.jpg", "Ελληνικά", "русский", "עברית", "العربية", "हिन्दी", "ไทย", "한국어",
            "👩‍👩‍👧‍👦.png",
            "𝔘𝔫𝔦", "zero\u{200B}width", "\u{FEFF}bom", "line\u{2028}separator", "İstanbul ß ŉ ﬁ", "\u{10FFFD}",
        ]
        return Array(Set(names.map { Array($0.utf8) })).map { String(decoding: $0, as: UTF8.self) }
    }()

    func oddKeys() async throws {
        let names = Bench.oddNames.filter {
            !peculiarities.contains(.backslashIsSlash) || !$0.utf8.contains(UInt8(ascii: "\\"))
        }
        for name in names {
            for full in [name, "in \(name)/\(name)"] {
                let key = try key(full)
                do {
                    let etag = try await put(key, full)
                    #expect(try await read(key, from: other) == ByteBuffer(string: full), "odd key \(full)")
                    let info = try await other.head(key)
                    #expect(info.etag == etag && info.key == key, "odd key \(full)")
                } catch {
                    Issue.record("check \(check.rawValue): \(full) threw \(String(reflecting: error))")
                }
            }
        }
        let expected = Set(names.flatMap { [Array($0.utf8), Array("in \($0)/\($0)".utf8)] })
        let listed = try await listAll(request(limit: 7)).items.map { Array($0.key.bytes.dropFirst(prefix.utf8.count)) }
        #expect(Set(listed) == expected, comment)
        #expect(listed.count == expected.count, comment)
        let page = try await listAll(request(delimiter: UInt8(ascii: "/"), limit: 11))
        #expect(page.prefixes.count == names.count, comment)
        for name in names { try await storage.delete(key(name), ifMatch: nil) }
        #expect(try await listAll(request()).items.count == names.count, comment)
    }

    /// Composed and decomposed: equal as Swift strings, but two different keys.
    func normalForms() async throws {
        let composed = try key("caf\u{E9}.jpg")
        let decomposed = try key("cafe\u{301}.jpg")
        #expect(composed.text == decomposed.text && composed != decomposed, comment)
        _ = try await put(composed, "composed")
        _ = try await put(decomposed, "decomposed", mode: .createOnly)
        #expect(try await read(composed, from: other) == ByteBuffer(string: "composed"), comment)
        #expect(try await read(decomposed, from: other) == ByteBuffer(string: "decomposed"), comment)
        #expect(try await listAll(request(limit: 1)).items.map(\.key).sorted() == [decomposed, composed], comment)
        try await storage.delete(composed, ifMatch: nil)
        #expect(try await exists(decomposed), comment)
    }

    /// A combining accent after a slash forms one Character with it. In bytes the slash is still a slash.
    func accentAfterSlash() async throws {
        let key = try key("folder/\u{301}accent.jpg")
        _ = try await put(key, "accent")
        #expect(try await read(key, from: other) == ByteBuffer(string: "accent"), comment)
        let rolled = try await listAll(request(delimiter: UInt8(ascii: "/")))
        #expect(rolled.items.isEmpty, comment)
        #expect(rolled.prefixes == [Array("\(prefix)folder/".utf8)], comment)
        #expect(try await listAll(request("folder/")).items.map(\.key) == [key], comment)
        #expect(try await listAll(request("folder/\u{301}")).items.map(\.key) == [key], comment)
    }

    func longKeys() async throws {
        var names = [String(repeating: "s", count: 255), String(repeating: "\u{E9}", count: 127)]
        var long = prefix
        while long.utf8.count < ObjectKey.maximumLength {
            let rest = ObjectKey.maximumLength - long.utf8.count
            // No segment is longer than 255 bytes, and none is empty at the end.
            let length = rest > 256 ? min(255, rest - 2) : min(255, rest)
            long += String(repeating: "k", count: length)
            if long.utf8.count < ObjectKey.maximumLength { long += "/" }
        }
        names.append(String(decoding: long.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
        for name in names {
            let key = try key(name)
            _ = try await put(key, "long")
            #expect(try await read(key, from: other) == ByteBuffer(string: "long"), comment)
        }
        let listed = try await listAll(request(limit: 1)).items.map(\.key)
        #expect(try Set(listed) == Set(names.map(key)), comment)
    }
}
