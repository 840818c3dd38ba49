import ImageModel
import Testing

@testable import ImageRequests

@Suite("Downloads")
struct DownloadTests {
    private func parse(_ query: String) throws -> Download? { try Download.parse(Query(query.utf8)) }

    private func value(_ query: String, _ path: String = "a/b.jpg", _ format: ImageFormat? = .jpeg) throws -> String {
        try #require(try parse(query)).disposition(of: path.utf8, as: format)
    }

    @Test("Without the parameter nothing is asked for; without a value the path names the file")
    func names() throws {
        #expect(try parse("w=1&down=1") == nil)
        #expect(try parse("download") == Download() && parse("w=1&download=") == Download())
        #expect(try parse("download=a%20b.jpg") == Download(name: "a b.jpg"))
        #expect(try value("download") == #"attachment; filename="b.jpg""#)
        #expect(try value("download", "b.jpg") == #"attachment; filename="b.jpg""#)
        #expect(try value("download=c+d.jpg") == #"attachment; filename="c d.jpg""#)
    }

    @Test("The extension is one of the served format")
    func extensions() throws {
        for (name, format, expected) in [
            ("b.jpeg", ImageFormat.jpeg, "b.jpeg"), ("b.JPG", .jpeg, "b.JPG"), ("b.jpg", .webp, "b.webp"),
            ("b.PNG", .avif, "b.avif"), ("b.gif", .png, "b.png"), ("b", .jpeg, "b.jpg"), ("b.c", .jpeg, "b.c.jpg"),
            ("setup.exe", .jpeg, "setup.exe.jpg"), ("a.jpg.exe", .jpeg, "a.jpg.exe.jpg"), (".jpg", .png, "jpg.png"),
            ("b.", .png, "b.png"), ("v1.2", .webp, "v1.2.webp"), ("b.heic", .jpeg, "b.jpg"),
        ] {
            #expect(try value("download", "a/\(name)", format) == "attachment; filename=\"\(expected)\"", "\(name)")
            #expect(try value("download=\(name)", "x", format) == "attachment; filename=\"\(expected)\"", "\(name)")
        }
        #expect(try value("download", "a/b.x", nil) == #"attachment; filename="b.x""#)
    }

    @Test(
        "What means something in a path, a shell or a quoted string is replaced",
        arguments: [
            ("a%22b.jpg", "a_b.jpg"), ("a%5Cb.jpg", "a_b.jpg"), ("..%2F..%2Fetc.jpg", "_.._etc.jpg"),
            ("..", "image.jpg"), (".", "image.jpg"), ("%20", "image.jpg"), (".htaccess", "htaccess.jpg"),
            ("a.jpg.%20.", "a.jpg"), ("C:x.jpg", "C_x.jpg"), ("a%3Cb%3E%7C%3F%2A.jpg", "a_b____.jpg"),
            ("a;b.jpg", "a;b.jpg"), ("a'b.jpg", "a'b.jpg"),
        ])
    func unsafe(_ name: String, _ expected: String) throws {
        #expect(try value("download=\(name)") == "attachment; filename=\"\(expected)\"")
    }

    @Test("Other alphabets, percent signs and marks of direction")
    func encoded() throws {
        #expect(
            try value("download", "a/Gr\u{FC}n.jpg")
                == #"attachment; filename="Gr_n.jpg"; filename*=UTF-8''Gr%C3%BCn.jpg"#)
        #expect(
            try value("download=100%25.jpg") == #"attachment; filename="100_.jpg"; filename*=UTF-8''100%25.jpg"#)
        #expect(
            try value("download=%E2%82%AC%27.jpg", "x")
                == #"attachment; filename="_'.jpg"; filename*=UTF-8''%E2%82%AC%27.jpg"#)
        // It would look like agpj.exe.
        #expect(try value("download=a%E2%80%AEexe.jpg") == #"attachment; filename="a_exe.jpg""#)
        #expect(try value("download", "a/\u{85}.jpg") == #"attachment; filename="_.jpg""#)
    }

    @Test("A name fits a file system, with its extension")
    func lengths() throws {
        let longest = String(repeating: "x", count: 251) + ".jpg"
        #expect(try value("download=\(longest)") == "attachment; filename=\"\(longest)\"")
        #expect(throws: RequestError.self) { try parse("download=x\(longest)") }
        let cut = String(repeating: "x", count: 250) + ".webp"
        #expect(try value("download=\(longest)", "a", .webp) == "attachment; filename=\"\(cut)\"")
        let umlauts = String(repeating: "\u{FC}", count: 127)
        let named = try value("download", umlauts, .webp)
        #expect(named.hasSuffix(String(repeating: "%C3%BC", count: 125) + ".webp"))
    }

    @Test(
        "Malformed ones are errors that name the parameter",
        arguments: [
            "download&download", "download=a&download=b", "download=%", "download=%ff", "download=a%0Ab",
            "download=a%00", "download=%C2%85", "download=%7F",
        ])
    func malformed(_ query: String) throws {
        let error = #expect(throws: RequestError.self) { try parse(query) }
        #expect(error?.description.contains("download") == true)
    }

    @Test("It is no part of a rendition")
    func rendition() throws {
        let rules = RenditionRules(mode: .presets, presets: ["s": try RenditionPreset(parameters: "w=8")])
        for (query, rules) in [("download", RenditionRules()), ("preset=s&download=x.jpg", rules)] {
            let plain = try Query(query.split(separator: "&").filter { !$0.hasPrefix("download") }.joined().utf8)
            let saved = try Query(query.utf8)
            #expect(try RenditionQuery.parse(saved, rules) == RenditionQuery.parse(plain, rules))
            #expect(Variance(of: saved, rules) == Variance(of: plain, rules))
        }
    }
}
