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
