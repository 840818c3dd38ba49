/// A set of ASCII characters.
struct CharacterClass: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    private init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte < 64 { self.low |= 1 << UInt64(byte) } else { self.high |= 1 << UInt64(byte - 64) }
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? self.low >> UInt64(byte) & 1 == 1 : byte < 128 && self.high >> UInt64(byte - 64) & 1 == 1
    }

    func holdsAll(of bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        for index in range where !self.contains(bytes[index]) { return false }
        return true
    }

    private static let alphanumeric =
        Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// The characters of paths and queries (RFC 3986 section 3.3), with the percent sign.
    static let target = CharacterClass(Self.alphanumeric + Array("-._~!$&'()*+,;=:@/?%".utf8))
    /// The characters of names (RFC 9110 section 5.6.2).
    static let token = CharacterClass(Self.alphanumeric + Array("!#$%&'*+-.^_`|~".utf8))
    /// Names, addresses and a port.
    static let host = CharacterClass(Self.alphanumeric + Array("-._:[]".utf8))
    static let blank = CharacterClass(" \t".utf8)
    /// The characters of a field's value, without bytes beyond ASCII.
    static let value = CharacterClass(Array(0x20...0x7E) + [0x09])
}

extension Span<UInt8> {
    func begins(with text: StaticString, at start: Int, end: Int) -> Bool {
        guard start + text.utf8CodeUnitCount <= end else { return false }
        return text.withUTF8Buffer { text in
            for index in text.indices where self[start + index] != text[index] { return false }
            return true
        }
    }

    /// Whether these bytes spell the text, ignoring case. The text is lower-case letters, digits and hyphens only.
    func isCaseless(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { text in
            for index in text.indices {
                let byte = self[range.lowerBound + index]
                let small = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
                if small != text[index] { return false }
            }
            return true
        }
    }
}
