import TextCoding

/// A header value of the form `first; name=value; name="value"`: a part's Content-Disposition or Content-Type, or the
/// Content-Type of the form.
struct HeaderParameters {
    /// The text before the first semicolon, without white space around it.
    let first: String
    /// By lower-case name, in order, including repeated ones.
    private let parameters: [(name: String, value: String)]

    /// - Returns: Nil if a parameter has no name, no value, or an unclosed quote.
    init?(_ text: String) {
        var rest = Substring(text).utf8
        let first = rest.prefix { $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(first.count)
        self.first = Self.trimmed(first)

        var parameters: [(name: String, value: String)] = []
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst().drop(while: \.isBlank)
            // Nothing between or after semicolons: some clients send this, and it is unambiguous.
            guard let next = rest.first, next != UInt8(ascii: ";") else { continue }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            guard rest.first == UInt8(ascii: "=") else { return nil }
            rest = rest.dropFirst()
            guard let value = Self.value(from: &rest) else { return nil }
            parameters.append((Self.trimmed(name).lowercased(), value))
        }
        // Text after a quoted value: this is not a parameter list.
        guard rest.isEmpty, parameters.allSatisfy({ !$0.name.isEmpty }) else { return nil }
        self.parameters = parameters
    }

    /// A Content-Disposition whose file name breaks the grammar:
    /// - it has a quote that is not escaped;
    /// - it has a quote that is not closed;
    /// - it ends with a Shift_JIS character whose second byte is a backslash, which seems to escape the closing quote.
    ///
    /// The file name is not used, so it may be anything. The field's name must be certain.
    /// - Returns: Nil if it is not.
    init?(oddlyQuoted text: String) {
        // After all other parameters, the file name reaches to the end of the line.
        if let start = Self.start(of: "filename", in: text), let whole = HeaderParameters(String(text[..<start])),
            whole.count(of: "name") == 1, whole.count(of: "filename") == 0
        {
            first = whole.first
            parameters = whole.parameters + [(name: "filename", value: Self.unquoted(text[start...]))]
            return
        }
        // Before the field's name, it reaches to where that begins, if there is only one possible place.
        guard let start = Self.start(of: "filename", in: text), let next = Self.start(of: "name", in: text),
            start < next, Self.start(of: "name", in: String(text[text.utf8.index(after: next)...])) == nil,
            let front = HeaderParameters(String(text[..<start])), front.parameters.isEmpty,
            let back = HeaderParameters(String(text[next...])), back.count(of: "name") == 1,
            back.count(of: "filename") == 0
        else { return nil }
        first = front.first
        parameters = [(name: "filename", value: Self.unquoted(text[start..<next]))] + back.parameters
    }

    /// The first place where a semicolon precedes a parameter of this name.
    private static func start(of name: String, in text: String) -> String.Index? {
        let bytes = text.utf8
        for index in bytes.indices where bytes[index] == UInt8(ascii: ";") {
            let rest = bytes[bytes.index(after: index)...].drop(while: \.isBlank)
            let found = rest.prefix(name.utf8.count)
            guard found.elementsEqual(name.utf8, by: { $0 | 0x20 == $1 }) else { continue }
            if rest.dropFirst(found.count).drop(while: \.isBlank).first == UInt8(ascii: "=") { return index }
        }
        return nil
    }

    /// The text after the equals sign, without a quote at either end.
    private static func unquoted(_ text: Substring) -> String {
        let value = text.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst()
        return trimmed(value).trimmingCharacter("\"")
    }

    /// The value of a parameter that occurs once.
    func only(_ name: String) -> String? {
        count(of: name) == 1 ? parameters.first { $0.name == name }?.value : nil
    }

    func count(of name: String) -> Int {
        parameters.count { $0.name == name }
    }

    /// A token, or a quoted string. Inside quotes, a backslash is an escape before a quote or another backslash (curl,
    /// and RFC 9110's quoted-pair). Elsewhere it is a plain character: browsers do not escape it, and old ones send
    /// `C:\pictures\cat.jpg`.
    private static func value(from rest: inout Substring.UTF8View) -> String? {
        rest = rest.drop(while: \.isBlank)
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix { $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(token.count)
            let text = trimmed(token)
            return text.isEmpty ? nil : text
        }
        var bytes: [UInt8] = []
        var cursor = rest.index(after: rest.startIndex)
        while cursor < rest.endIndex {
            let byte = rest[cursor]
            cursor = rest.index(after: cursor)
            if byte == UInt8(ascii: "\"") {
                rest = rest[cursor...].drop(while: \.isBlank)
                return String(decoding: bytes, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), cursor < rest.endIndex,
                rest[cursor] == UInt8(ascii: "\"") || rest[cursor] == UInt8(ascii: "\\")
            {
                bytes.append(rest[cursor])
                cursor = rest.index(after: cursor)
            } else {
                bytes.append(byte)
            }
        }
        return nil
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        String(Substring(bytes).trimmingBlanks())
    }
}

extension String {
    fileprivate func trimmingCharacter(_ character: Unicode.Scalar) -> String {
        var scalars = unicodeScalars[...]
        if scalars.first == character { scalars.removeFirst() }
        if scalars.last == character { scalars.removeLast() }
        return String(scalars)
    }
}
