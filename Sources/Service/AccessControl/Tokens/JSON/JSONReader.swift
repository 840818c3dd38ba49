import TextCoding

/// Reads JSON strictly and within limits. It exists because the decoders of Foundation accept an object that has the
/// same name twice: two programs could then read different claims from one token.
struct JSONReader {
    /// What to do about an object that has the same name twice.
    enum Duplicates {
        /// The whole text is refused.
        case refused
        /// The object says so: ``JSONObject/isAmbiguous``.
        case marked
    }

    /// The deepest nesting of arrays and objects. Each level uses some of the thread's stack.
    static let maximumDepth = 16
    /// The most values, which bounds the memory: a value takes far more of it than the two bytes of `1,`.
    static let maximumValues = 20_000

    let bytes: [UInt8]
    private let duplicates: Duplicates
    /// Of the next byte.
    var position = 0
    private var values = 0

    private init(_ bytes: [UInt8], duplicates: Duplicates) {
        self.bytes = bytes
        self.duplicates = duplicates
    }

    /// The value of the whole text.
    static func read(_ bytes: [UInt8], duplicates: Duplicates) throws(JSONError) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .syntax }
        var reader = JSONReader(bytes, duplicates: duplicates)
        let value = try reader.value(depth: 1)
        reader.skipBlanks()
        guard reader.next == nil else { throw .syntax }
        return value
    }

    /// The byte that is read next; nil at the end.
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    /// Whether the next byte was this one, which is then read.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        values += 1
        guard values <= Self.maximumValues else { throw .tooLarge }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw .syntax }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= Self.maximumDepth else { throw .tooLarge }
        position += 1
        var object = JSONObject()
        skipBlanks()
        if take("}") { return object }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw .syntax }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw .syntax }
            object.add(name, try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        guard take("}") else { throw .syntax }
        if object.isAmbiguous, duplicates == .refused { throw .duplicate }
        return object
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        guard depth <= Self.maximumDepth else { throw .tooLarge }
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        guard take("]") else { throw .syntax }
        return elements
    }

    private mutating func number() throws(JSONError) -> Double {
        let start = position
        _ = take("-")
        // A leading zero stands alone.
        guard take("0") || digits() else { throw .syntax }
        if take(".") { guard digits() else { throw .syntax } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { throw .syntax }
        }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw .syntax }
        return number
    }

    /// Whether there was at least one digit.
    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, byte.isASCIIDigit { position += 1 }
        return position > start
    }
}

/// Why a JSON text is refused.
enum JSONError: Error {
    /// It is not JSON, or not UTF-8.
    case syntax
    /// An object has the same name twice.
    case duplicate
    /// Too many values, or too deep a nesting.
    case tooLarge
}
