import Logging

enum TextLine {
    static func write(_ line: LogLine, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\(line.time.rfc3339) \(line.level.rawValue) ".utf8)
        text(line.logger, into: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        text(line.message, into: &bytes)
        for (key, value) in line.fields {
            bytes.append(UInt8(ascii: " "))
            text(key, into: &bytes)
            bytes.append(UInt8(ascii: "="))
            switch value {
            case .text(let value): quotedWhereNeeded(value, into: &bytes)
            case .integer(let number): bytes.append(contentsOf: String(number).utf8)
            case .flag(let flag): bytes.append(contentsOf: String(flag).utf8)
            }
        }
    }

    /// Quoted if it could be taken for more than one value.
    static func quotedWhereNeeded(_ value: String, into bytes: inout [UInt8]) {
        let plain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x3d }
        if plain {
            text(value, into: &bytes)
        } else {
            bytes.append(UInt8(ascii: "\""))
            text(value, escaping: "\"", into: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    static func text(_ value: String, escaping quote: Unicode.Scalar? = nil, into bytes: inout [UInt8]) {
        for scalar in value.unicodeScalars {
            if scalar == quote || (quote != nil && scalar == "\\") {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else if UnsafeScalars.contains(scalar) {
                bytes.append(contentsOf: scalar.escaped(asASCII: true).utf8)
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }
}
