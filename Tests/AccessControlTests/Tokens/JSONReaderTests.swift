import Testing

@testable import AccessControl

@Suite struct JSONReaderTests {
    private func read(_ text: String) throws(JSONError) -> JSONValue {
        try JSONReader.read(Array(text.utf8), duplicates: .refused)
    }

    private func string(_ text: String) throws -> String? {
        try read(text).string.map { String(decoding: $0, as: UTF8.self) }
    }

    private func number(_ text: String) throws -> Double? {
        if case .number(let number) = try read(text) { number } else { nil }
    }

    @Test func values() throws {
        let object = try #require(try read(" {\"a\" : [1, \"x\", true, false, null, {}, []]\t,\r\n\"b\":\"\"} ").object)
        let elements = try #require(object["a"]?.array)
        #expect(elements.count == 7 && elements[1].string == Array("x".utf8))
        #expect(elements[5].object != nil && elements[6].array?.isEmpty == true)
        guard case .bool(true) = elements[2], case .bool(false) = elements[3], case .null = elements[4] else {
            Issue.record("other values")
            return
        }
        #expect(object["b"]?.string == [] && object["c"] == nil)
    }

    @Test func numbers() throws {
        #expect(try number("0") == 0 && number("-0.5") == -0.5 && number("12.25e2") == 1_225)
        #expect(try number("1E-2") == 0.01 && number("1e+2") == 100)
        #expect(try number("1e999") == .infinity)
        for text in ["01", "+1", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "1_0", "1 2", "--1"] {
            #expect(throws: JSONError.syntax, "\(text)") { try read(text) }
        }
    }

    @Test func strings() throws {
        #expect(try string(#""\"\\\/\b\f\n\r\t\u0041\u00e9""#) == "\"\\/\u{8}\u{c}\n\r\tA\u{e9}")
        #expect(try string(#""\ud83d\uDE00""#) == "\u{1F600}")
        #expect(try string("\"\u{e9}\u{1F600}\u{7f}\"") == "\u{e9}\u{1F600}\u{7f}")
        for text in [
            #""\ud83d""#, #""\ude00""#, #""\ud83dA""#, #""\ud83d\ud83d""#, #""\u12""#, #""\u12g4""#, #""\x""#, #"""#,
            #""\""#, "\"a\nb\"", "\"\u{0}\"", "'a'",
        ] {
            #expect(throws: JSONError.syntax, "\(text)") { try read(text) }
        }
    }

    @Test func whatIsNotJSON() {
        for text in [
            "", " ", "{", "}", "[", "[1", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
            "{\"a\":1 \"b\":2}", "{} {}", "{}x", "tru", "True", "nul", "/**/1", "\u{feff}{}", "{1:2}",
        ] {
            #expect(throws: JSONError.syntax, "\(text)") { try read(text) }
        }
        #expect(throws: JSONError.syntax) { try JSONReader.read([0x22, 0xff, 0x22], duplicates: .refused) }
        #expect(throws: JSONError.syntax) { try JSONReader.read([0x22, 0xc0, 0xaf, 0x22], duplicates: .refused) }
    }

    /// However the name is spelled, and however deep the object is.
    @Test func duplicates() throws {
        for text in [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"a":1,"b":2,"a":3}}"#, #"[{"":1,"":2}]"#] {
            #expect(throws: JSONError.duplicate, "\(text)") { try read(text) }
        }
        // Equal for Unicode, but not the same bytes: two names.
        #expect(try read("{\"\u{e9}\":1,\"e\u{301}\":2}").object?.isAmbiguous == false)
        #expect(try read(#"{"a":1,"A":2}"#).object != nil)
    }

    @Test func markedDuplicates() throws {
        let text = Array(#"{"a":{"b":1,"b":2},"c":3}"#.utf8)
        let object = try #require(try JSONReader.read(text, duplicates: .marked).object)
        #expect(!object.isAmbiguous && object["a"]?.object?.isAmbiguous == true)
        guard case .number(1)? = object["a"]?.object?["b"] else {
            Issue.record("not the first value")
            return
        }
    }

    @Test(arguments: [(15, false), (16, false), (17, true)]) func depth(_ depth: Int, isRefused: Bool) {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            let isThere = (try? read(text)) != nil
            #expect(isThere != isRefused)
        }
    }

    @Test func aMillionBrackets() {
        #expect(throws: JSONError.tooLarge) { try read(String(repeating: "[", count: 1_000_000)) }
    }

    @Test(arguments: [(19_999, false), (20_000, true)]) func numberOfValues(_ elements: Int, isRefused: Bool) {
        let text = "[" + Array(repeating: "1", count: elements).joined(separator: ",") + "]"
        let isThere = (try? read(text)) != nil
        #expect(isThere != isRefused)
    }
}
