import Testing

@testable import ImageAPI

@Suite struct FormBoundaryTests {
    @Test(arguments: [
        ("multipart/form-data; boundary=abc", "abc"),
        ("Multipart/Form-Data;BOUNDARY=\"a b:c\"", "a b:c"),
        (
            "multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
            "----WebKitFormBoundary7MA4YWxkTrZu0gW"
        ),
        ("multipart/form-data; boundary=abc;", "abc"),
        ("multipart/form-data; boundary=\"abc\" ; x=y", "abc"),
    ])
    func theBoundaryIsFound(_ contentType: String, _ boundary: String) throws {
        #expect(try FormBoundary.parse(contentType: contentType) == boundary)
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=a; boundary=a",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\r\nb\"",
        "multipart/form-data; boundary=a*b", "multipart/form-data; boundary=ä",
        "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
    ])
    func malformedContentTypesAreRejected(_ contentType: String) {
        #expect(throws: FormDataError.badBoundary) { try FormBoundary.parse(contentType: contentType) }
    }

    @Test func theLongestBoundaryIsAccepted() throws {
        let boundary = String(repeating: "a", count: 70)
        #expect(try FormBoundary.parse(contentType: "multipart/form-data; boundary=\(boundary)") == boundary)
    }

    @Test(arguments: [
        "", "image/jpeg", "multipart/mixed; boundary=a", "multipart/form-data; boundary=", "multipart/form-data x",
        "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=\"a\"b",
    ])
    func otherContentTypesAreNotForms(_ contentType: String) {
        #expect(throws: FormDataError.notFormData) { try FormBoundary.parse(contentType: contentType) }
    }
}

@Suite struct DispositionTests {
    private func part(_ disposition: String) throws -> FormDataPart {
        let text = "--b\r\nContent-Disposition: \(disposition)\r\n\r\n\r\n--b--"
        return try #require(try read(text).parts.first)
    }

    /// As Chrome, Firefox and Safari (HTML's escapes), curl (backslashes) and old Internet Explorer (paths) send them.
    @Test(arguments: [
        ("form-data; name=\"f\"; filename=\"a%22b%0D%0a.jpg\"", "a\"b\r\n.jpg"),
        ("form-data; name=\"f\"; filename=\"a\\\"b\\\\c.jpg\"", "a\"b\\c.jpg"),
        ("form-data; name=\"f\"; filename=\"C:\\pictures\\cat.jpg\"", "C:\\pictures\\cat.jpg"),
        ("form-data; name=\"f\"; filename=\"100%.jpg\"", "100%.jpg"),
        ("form-data; name=\"f\"; filename=\"100%25.jpg\"", "100%25.jpg"),
        ("form-data; name=\"f\"; filename=\"a;b=c.jpg\"", "a;b=c.jpg"),
        ("form-data; name=f; filename=cat.jpg", "cat.jpg"),
        ("FORM-DATA;NAME=\"f\";FILENAME=\"猫 é.jpg\"", "猫 é.jpg"),
        ("form-data; name=\"f\"; filename=\"\"", ""),
        ("form-data; name=\"f\"; filename=\"a.jpg\"; filename*=UTF-8''b.jpg", "a.jpg"),
    ])
    func theFileNameIsRead(_ disposition: String, _ filename: String) throws {
        let part = try part(disposition)
        #expect(part.name == "f")
        #expect(part.filename == filename)
    }

    /// RFC 7578, section 4.2.
    @Test func theExtendedFileNameParameterIsIgnored() throws {
        #expect(try !part("form-data; name=\"f\"; filename*=UTF-8''b.jpg").isFile)
    }

    @Test func nameMayBeEmpty() throws {
        #expect(try part("form-data; name=\"\"").name == "")
    }

    private func part(_ bytes: [UInt8]) throws -> FormDataPart {
        let text = Array("--b\r\nContent-Disposition: ".utf8) + bytes + Array("\r\n\r\n\r\n--b--".utf8)
        return try #require(try read([text], boundary: "b").parts.first)
    }

    /// Old clients send names in their system's encoding. The server rejected the form.
    @Test(arguments: [
        [0x62, 0xe9, 0x62, 0xe9] as [UInt8],  // bébé, Latin-1
        [0xea, 0xee, 0xf2],  // кот, windows-1251
        [0x8e, 0xca, 0x90, 0x5e],  // 写真, Shift_JIS
        [0x95, 0x5c],  // 表, whose second byte is a backslash
        [0x5c, 0x5c, 0x95, 0x5c],
        [0x1b, 0x24, 0x42, 0x3c, 0x4c, 0x1b, 0x28, 0x42],  // 写, ISO-2022-JP
        [0xff, 0xfe, 0xc0, 0x80],
    ])
    func theFileNameMayBeInAnyCoding(_ name: [UInt8]) throws {
        for (before, after) in [
            ("form-data; name=\"f\"; filename=\"", "\""), ("form-data; name=f; filename=", ""),
            ("form-data; name=\"f\"; filename=\"", ".jpg\""),
            ("form-data; filename=\"", "\"; name=\"f\""), ("form-data; filename=\"", ".jpg\"; name=\"f\""),
        ] {
            let part = try part(Array(before.utf8) + name + Array(after.utf8))
            #expect(part.name == "f", "\(before)\(name)\(after)")
            #expect(part.isFile, "\(before)\(name)\(after)")
        }
    }

    @Test(arguments: [
        "form-data; name=\"f\"; filename=\"a\"b.jpg\"", "form-data; name=\"f\"; filename=\"a.jpg",
        "form-data; name=\"f\"; filename=a;b.jpg", "form-data; name=\"f\"; filename=\"a\\\"",
        "form-data; name=\"f\"; filename=", "form-data; name=\"f\"; filename='a b.jpg'",
        "form-data; name=\"f\"; filename=\"a\"; name=\"g\"; b.jpg\"",
        "form-data; filename=\"a\"b.jpg\"; name=\"f\"",
    ])
    func theFileNameMayBeQuotedOddly(_ disposition: String) throws {
        let part = try part(disposition)
        #expect(part.name == "f")
        #expect(part.isFile)
    }

    /// The name of the field must be certain.
    @Test(arguments: [
        "form-data; filename=\"a\"b\"; name=\"f\"; name=\"g\"", "form-data; filename=\"a\"b.jpg\"",
        "form-data; name=\"f; filename=\"a\"", "form-data; filename=\"a\"b\"; name=\"f\"; filename=\"c\"",
    ])
    func anAmbiguousFieldNameIsRejected(_ disposition: String) {
        #expect(throws: FormDataError.self) { try part(disposition) }
    }
}
