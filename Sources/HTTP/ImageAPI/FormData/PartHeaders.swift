import TextCoding

/// Reads the header lines of one part as they come.
struct PartHeaders {
    private var disposition: HeaderParameters?

    init() {}

    /// - Parameter line: Without its line break; not empty.
    mutating func add(line: [UInt8]) throws(FormDataError) {
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || Self.shifts.contains($0) }) else {
            throw .malformed("a header of a part holds a control character")
        }
        // File names come in any encoding of the client's system, and are not used. In a field's name, a byte that is
        // not UTF-8 becomes U+FFFD, so it is not a known name.
        let text = String(decoding: line, as: UTF8.self)
        let bytes = text.utf8
        // A folded line (RFC 822) begins with white space and has no name. No client sends one in a form.
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > bytes.startIndex,
            !bytes[..<colon].contains(where: \.isBlank)
        else {
            throw .malformed("a header of a part has no name")
        }
        let value = String(text[text.utf8.index(after: colon)...])
        switch text[..<colon].lowercased() {
        case "content-disposition": try take(disposition: value)
        case "content-transfer-encoding": try check(encoding: value)
        default: break  // RFC 7578, section 4.8: other headers are ignored. What a file is, its bytes say.
        }
    }

    /// Bytes by which ISO-2022-JP and similar encodings change character sets: SO, SI, ESC.
    private static let shifts: [UInt8] = [0x0e, 0x0f, 0x1b]

    /// The part that begins with these headers.
    func part() throws(FormDataError) -> FormDataPart {
        guard let disposition else { throw .malformed("a part has no Content-Disposition") }
        guard disposition.first.lowercased() == "form-data" else {
            throw .malformed("a part's Content-Disposition is not form-data")
        }
        guard let name = disposition.only("name"), disposition.count(of: "filename") <= 1 else {
            throw .malformed("a part's Content-Disposition needs one name and at most one filename")
        }
        // `filename*` is a different parameter and is ignored: RFC 7578, section 4.2, forbids it.
        return FormDataPart(
            name: Self.unescaped(name), filename: disposition.only("filename").map(Self.unescaped))
    }

    private mutating func take(disposition value: String) throws(FormDataError) {
        guard disposition == nil else { throw .malformed("a part has two Content-Dispositions") }
        guard let parsed = HeaderParameters(value) ?? HeaderParameters(oddlyQuoted: value) else {
            throw .malformed("a part's Content-Disposition cannot be read")
        }
        disposition = parsed
    }

    /// RFC 7578, section 4.7, deprecates the header. The server does not decode, so it only allows the encodings that
    /// change nothing.
    private func check(encoding value: String) throws(FormDataError) {
        guard ["7bit", "8bit", "binary"].contains(value.trimmingBlanks().lowercased()) else {
            throw .malformed("the Content-Transfer-Encoding of a part is neither 7bit, 8bit nor binary")
        }
    }

    /// The three escapes of the HTML standard ("multipart/form-data encoding algorithm") and no other. Browsers do not
    /// escape the percent sign itself.
    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var result: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.first {
            let escape = byte == UInt8(ascii: "%") ? String(decoding: rest.prefix(3), as: UTF8.self) : ""
            let meant: UInt8? =
                switch escape.uppercased() {
                case "%22": UInt8(ascii: "\"")
                case "%0D": UInt8(ascii: "\r")
                case "%0A": UInt8(ascii: "\n")
                default: nil
                }
            result.append(meant ?? byte)
            rest = rest.dropFirst(meant == nil ? 1 : 3)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
