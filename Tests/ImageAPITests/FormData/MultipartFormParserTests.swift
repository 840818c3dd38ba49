import NIOCore
import Testing

@testable import ImageAPI

@Suite struct MultipartFormParserTests {
    @Test func fieldsAndFiles() throws {
        let form = try read(
            part("name=\"prefix\"", "cats/")
                + part("name=\"file\"; filename=\"a.jpg\"", "\u{1}\r\n\r\n--", headers: "Content-Type: image/jpeg\r\n")
                + "--b--\r\n")
        #expect(
            form.parts == [
                FormDataPart(name: "prefix", filename: nil),
                FormDataPart(name: "file", filename: "a.jpg"),
            ])
        #expect(form.contents == [Array("cats/".utf8), Array("\u{1}\r\n\r\n--".utf8)])
        #expect(form.ended)
        #expect(!form.parts[0].isFile && form.parts[1].isFile)
    }

    @Test(arguments: [
        "--b--", "--b--\r\n", "\r\n--b--\r\n", "text\r\n--b--\r\ntext", "--b--text without a line break",
    ])
    func aFormMayHaveNoParts(_ text: String) throws {
        let form = try read(text)
        #expect(form.parts.isEmpty && form.ended)
    }

    /// RFC 2046, section 5.1.1: the blank line may also be the boundary's line break.
    @Test func aPartMayBeEmpty() throws {
        let header = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n"
        for text in ["\(header)\r\n\r\n--b--", "\(header)\r\n--b--"] {
            let form = try read(text)
            #expect(form.contents == [[]])
        }
    }

    @Test(arguments: [
        "\r\n--", "\r\n-", "\r", "\n", "\r\n\r\n--c", "\r\r\n--a", "--b", "x--b--", "\r\n --b", "\n--b--\n", "\r\r\r",
    ])
    func textSimilarToABoundaryIsContent(_ content: String) throws {
        // Directly after the headers "--b" is a boundary, so the content begins with another byte.
        let form = try read(part("name=\"f\"; filename=\"f\"", "_" + content) + "--b--")
        #expect(form.contents == [Array("_\(content)".utf8)])
    }

    @Test func paddingAfterABoundaryIsAllowed() throws {
        let text = "--b \t\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n--b--"
        #expect(try read(text).contents == [[UInt8(ascii: "x")]])
    }

    @Test(arguments: [
        "", "--", "--b", "--b-", "--b\r\n", "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nhalf",
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n--b", "text",
    ])
    func aFormThatBreaksOffIsTruncated(_ text: String) {
        #expect(throws: FormDataError.truncated) { try read(text) }
    }

    @Test(arguments: [
        "--b\r\n\r\nx\r\n--b--",  // no headers
        "--b\r\nContent-Disposition: attachment; name=\"f\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"f\"; name=\"g\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"f\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx",
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n folded\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition : form-data; name=\"f\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"f\"\n\nx\r\n--b--",  // bare line feeds
        "--b\r\nContent-Disposition: form-data; name=\"f\u{0}\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
        "--bx\r\n", "--b-x", "--b\rx\n",
    ])
    func malformedFormsAreRejected(_ text: String) {
        #expect {
            try read(text)
        } throws: { error in
            if case .malformed = error as? FormDataError { true } else { false }
        }
    }

    /// A field whose name is not UTF-8 has no known name.
    @Test func aFieldNameThatIsNotUTF8HasReplacementCharacters() throws {
        let bytes =
            Array("--b\r\nContent-Disposition: form-data; name=\"path".utf8) + [0xff]
            + Array("\"\r\n\r\n\r\n--b--".utf8)
        let part = try #require(try read([bytes], boundary: "b").parts.first)
        #expect(part.name == "path\u{FFFD}")
        #expect(!part.isFile)
    }

    @Test func anErrorIsRepeatedByLaterCalls() {
        var parser = MultipartFormParser(boundary: "b")
        parser.feed(ByteBuffer(string: "--bx\r\n--b--"))
        for _ in 0..<2 {
            #expect(throws: FormDataError.malformed("a boundary is followed by other characters")) {
                try parser.next()
            }
        }
        #expect(throws: FormDataError.malformed("a boundary is followed by other characters")) {
            try parser.finish()
        }
    }
}

@Suite struct FormLimitTests {
    private func limits(_ change: (inout FormDataLimits) -> Void) -> FormDataLimits {
        var limits = FormDataLimits()
        change(&limits)
        return limits
    }

    @Test func theBytesOfFieldsAreLimited() throws {
        let limits = limits { $0.fieldBytes = 5 }
        #expect(try read(part("name=\"f\"", "12345") + "--b--", limits: limits).contents.first?.count == 5)
        #expect(throws: FormDataError.fieldTooLong(name: "f", limit: 5)) {
            try read(part("name=\"f\"", "123456") + "--b--", limits: limits)
        }
        // In pieces too, but not for files.
        #expect(throws: FormDataError.fieldTooLong(name: "f", limit: 5)) {
            try read((part("name=\"f\"", "123456") + "--b--").utf8.map { [$0] }, boundary: "b", limits: limits)
        }
        let file = part("name=\"f\"; filename=\"\"", "123456") + "--b--"
        #expect(try read(file, limits: limits).contents.first?.count == 6)
    }

    @Test func theNumberOfPartsIsLimited() throws {
        let limits = limits { $0.parts = 3 }
        let one = part("name=\"f\"", "x")
        #expect(try read(String(repeating: one, count: 3) + "--b--", limits: limits).parts.count == 3)
        #expect(throws: FormDataError.tooManyParts(limit: 3)) {
            try read(String(repeating: one, count: 4) + "--b--", limits: limits)
        }
    }

    @Test func theBytesOfHeadersAreLimited() throws {
        let header = "Content-Disposition: form-data; name=\"f\"\r\n"
        let exact = limits { $0.headerBytes = header.utf8.count + 2 }
        let less = limits { $0.headerBytes = header.utf8.count + 1 }
        let text = "--b\r\n\(header)\r\nx\r\n--b--"
        #expect(try read(text, limits: exact).parts.count == 1)
        #expect(throws: FormDataError.tooLong(.headers, limit: less.headerBytes)) { try read(text, limits: less) }
        // A line without end is not collected beyond the limit either.
        #expect(throws: FormDataError.tooLong(.headers, limit: less.headerBytes)) {
            try read("--b\r\n" + String(repeating: "a", count: 100), limits: less)
        }
    }

    @Test func theBytesOutsideOfPartsAreLimited() throws {
        let limits = limits { $0.marginBytes = 10 }
        let text = String(repeating: "p", count: 10)
        #expect(try read("\(text)\r\n--b--\(text)", limits: limits).ended)
        #expect(throws: FormDataError.tooLong(.preamble, limit: 10)) {
            try read("\(text)p\r\n--b--", limits: limits)
        }
        #expect(throws: FormDataError.tooLong(.epilogue, limit: 10)) {
            try read("--b--\(text)e", limits: limits)
        }
    }
}
