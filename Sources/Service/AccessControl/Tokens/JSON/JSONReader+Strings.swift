import TextCoding

extension JSONReader {
    /// The string whose opening quote is next.
    mutating func string() throws(JSONError) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): text.append(contentsOf: try escaped())
            case 0..<0x20: throw .syntax
            default: text.append(byte)
            }
        }
        throw .syntax
    }

    /// What stands after a backslash, as UTF-8.
    private mutating func escaped() throws(JSONError) -> [UInt8] {
        guard let byte = next else { throw .syntax }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(try scalar().utf8)
        default: throw .syntax
        }
    }

    /// The scalar of `\u` and four digits, or of two of them for a scalar outside of the basic plane.
    private mutating func scalar() throws(JSONError) -> String {
        var code = try unit()
        if (0xd800..<0xdc00).contains(code) {
            guard take("\\"), take("u") else { throw .syntax }
            let low = try unit()
            guard (0xdc00..<0xe000).contains(low) else { throw .syntax }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        // Nil for a half of a pair.
        guard let scalar = Unicode.Scalar(code) else { throw .syntax }
        return String(Character(scalar))
    }

    private mutating func unit() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap(Hexadecimal.value) else { throw .syntax }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
