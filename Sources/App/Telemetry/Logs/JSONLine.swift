import Logging

enum JSONLine {
    /// A metadata member with one of these names would be a duplicate.
    private static let reserved: Set<String> = ["time", "level", "logger", "message"]

    static func write(_ line: LogLine, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"time\":\"\(line.time.rfc3339)\",\"level\":\"\(line.level.rawValue)\"".utf8)
        member("logger", line.logger, into: &bytes)
        member("message", line.message, into: &bytes)
        for (key, value) in line.fields {
            bytes.append(UInt8(ascii: ","))
            string(reserved.contains(key) ? "metadata.\(key)" : key, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): string(text, into: &bytes)
            case .integer(let number): bytes.append(contentsOf: String(number).utf8)
            case .flag(let flag): bytes.append(contentsOf: String(flag).utf8)
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func member(_ key: String, _ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: ","))
        string(key, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        string(text, into: &bytes)
    }

    /// RFC 8259, section 7. C0 and C1 control characters and the two Unicode line separators are escaped too, so that
    /// terminals and viewers only see text.
    static func string(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": bytes.append(contentsOf: "\\\"".utf8)
            case "\\": bytes.append(contentsOf: "\\\\".utf8)
            case "\n": bytes.append(contentsOf: "\\n".utf8)
            case "\r": bytes.append(contentsOf: "\\r".utf8)
            case "\t": bytes.append(contentsOf: "\\t".utf8)
            case _ where UnsafeScalars.contains(scalar):
                let digits = String(scalar.value, radix: 16)
                bytes.append(contentsOf: "\\u".utf8)
                bytes.append(contentsOf: String(repeating: "0", count: 4 - digits.utf8.count).utf8)
                bytes.append(contentsOf: digits.utf8)
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Scalars that are never written unescaped: control characters, which could end a line or control a terminal; the line
/// separators of Unicode; and marks that change the direction of the following text, so that a line could be read as
/// another one.
enum UnsafeScalars {
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1f, 0x7f...0x9f, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
