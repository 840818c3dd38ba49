import TextCoding

/// A header value of the form `first; name=value; name="value"`: Content-Disposition and Content-Type of a part, and
/// the Content-Type of the whole.
struct HeaderParameters {
    /// What stands before the first semicolon, without white space around it.
    let first: String
    /// By name in lower case, in order, doubled ones too.
    private let parameters: [(name: String, value: String)]

    /// - Returns: nil where a parameter has no name, no value, or a quote without its end.
    init?(_ text: String) {
        var rest = Substring(text).utf8
        let first = rest.prefix { $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(first.count)
        self.first = Self.trimmed(first)

        var parameters: [(name: String, value: String)] = []
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst().drop(while: \.isBlank)
            // Nothing between or behind semicolons: seen in the wild, and unambiguous.
            guard let next = rest.first, next != UInt8(ascii: ";") else { continue }
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            guard rest.first == UInt8(ascii: "=") else { return nil }
            rest = rest.dropFirst()
            guard let value = Self.value(from: &rest) else { return nil }
            parameters.append((Self.trimmed(name).lowercased(), value))
        }
        // Something behind a quoted value: not a parameter list.
        guard rest.isEmpty, parameters.allSatisfy({ !$0.name.isEmpty }) else { return nil }
        self.parameters = parameters
    }

    /// A Content-Disposition whose file name breaks the grammar: a quote within it that is not escaped, a quote that
    /// does not end, or a character of Shift_JIS whose second byte is a backslash, which then seems to escape the quote
    /// that ends the name. The name plays no part, so that it may be whatever stands there; the field's name has to be
    /// certain.
    ///
    /// - Returns: nil where it is not.
    init?(oddlyQuoted text: String) {
        // Behind everything else it reaches to the end of the line.
        if let start = Self.start(of: "filename", in: text), let whole = HeaderParameters(String(text[..<start])),
            whole.count(of: "name") == 1, whole.count(of: "filename") == 0
        {
            first = whole.first
            parameters = whole.parameters + [(name: "filename", value: Self.unquoted(text[start...]))]
            return
        }
        // In front of the field's name it reaches to where that begins, if there is one place only where it may.
        guard let start = Self.start(of: "filename", in: text), let next = Self.start(of: "name", in: text),
            start < next, Self.start(of: "name", in: String(text[text.utf8.index(after: next)...])) == nil,
            let front = HeaderParameters(String(text[..<start])), front.parameters.isEmpty,
            let back = HeaderParameters(String(text[next...])), back.count(of: "name") == 1,
            back.count(of: "filename") == 0
        else { return nil }
        first = front.first
        parameters = [(name: "filename", value: Self.unquoted(text[start..<next]))] + back.parameters
    }

    /// Where a semicolon stands before a parameter of this name, for the first time.
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

    /// What stands behind the equals sign, a quote at either end left out.
    private static func unquoted(_ text: Substring) -> String {
        let value = text.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst()
        return trimmed(value).trimmingCharacter("\"")
    }

    /// The value of a parameter that stands there once.
    func only(_ name: String) -> String? {
        count(of: name) == 1 ? parameters.first { $0.name == name }?.value : nil
    }

    func count(of name: String) -> Int {
        parameters.count { $0.name == name }
    }

    /// A token, or a quoted string. Inside quotes a backslash is an escape before a quote and before another backslash
    /// (curl, and RFC 9110's quoted-pair) and stands for itself everywhere else: browsers do not escape it, and old
    /// ones send `C:\pictures\cat.jpg`.
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
