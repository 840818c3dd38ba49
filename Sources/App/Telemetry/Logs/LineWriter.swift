/// Writes one line directly to memory, byte for byte like ``LineFormat/bytes(of:)`` for a ``LogLine`` of the same
/// values. It is for lines that are written so often that a dictionary and a text for each value show in a profile.
///
/// Fields must be passed in the order of their keys, and each key once. A key consists of printable ASCII without
/// blanks and quotes, and is none of `time`, `level`, `logger` and `message`.
public struct LineWriter: ~Copyable {
    private let format: LineFormat
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes written.
    private(set) var count = 0
    /// Whether something did not fit: then the line is useless.
    private(set) var isOverfull = false

    /// - Parameter memory: must be held for as long as the writer is in use.
    init(_ format: LineFormat, into memory: UnsafeMutableRawBufferPointer) {
        self.format = format
        self.memory = memory
    }

    // MARK: Fields

    /// A field with a text.
    public mutating func text(_ key: StaticString, _ value: String) {
        var value = value
        value.withUTF8 { self.text(key, UnsafeRawBufferPointer($0)) }
    }

    /// A field with a text of these bytes; invalid UTF-8 is repaired, as by `String(decoding:as:)`.
    public mutating func text(_ key: StaticString, _ value: UnsafeRawBufferPointer) {
        self.key(key)
        switch self.format {
        case .json:
            self.string(value)
        case .text:
            if Self.isPlain(value, .text), !value.isEmpty {
                self.append(value)
            } else {
                var bytes: [UInt8] = []
                TextLine.quotedWhereNeeded(LogLine.cut(String(decoding: value, as: UTF8.self)), into: &bytes)
                bytes.withUnsafeBytes { self.append($0) }
            }
        }
    }

    /// A field with a whole number.
    public mutating func integer(_ key: StaticString, _ value: Int) {
        self.key(key)
        if value < 0 { self.append("-") }
        self.digits(value.magnitude, atLeast: 1)
    }

    private mutating func key(_ key: StaticString) {
        switch self.format {
        case .json:
            self.append(",\"")
            self.append(key)
            self.append("\":")
        case .text:
            self.append(" ")
            self.append(key)
            self.append("=")
        }
    }

    // MARK: The line

    mutating func begin(_ time: LogTime, level: StaticString, logger: String, message: StaticString) {
        let logger = LogLine.cut(logger)
        switch self.format {
        case .json:
            self.append("{\"time\":\"")
            self.time(time)
            self.append("\",\"level\":\"")
            self.append(level)
            self.append("\",\"logger\":")
            var text = logger
            text.withUTF8 { self.string(UnsafeRawBufferPointer($0)) }
            self.append(",\"message\":\"")
            self.append(message)
            self.append("\"")
        case .text:
            self.time(time)
            self.append(" ")
            self.append(level)
            self.append(" ")
            var bytes: [UInt8] = []
            TextLine.text(logger, into: &bytes)
            bytes.withUnsafeBytes { self.append($0) }
            self.append(": ")
            self.append(message)
        }
    }

    mutating func end() {
        self.append(self.format == .json ? "}\n" : "\n")
    }

    private mutating func time(_ time: LogTime) {
        let parts = time.parts
        self.digits(UInt(clamping: parts.year), atLeast: 4)
        self.append("-")
        self.digits(UInt(clamping: parts.month), atLeast: 2)
        self.append("-")
        self.digits(UInt(clamping: parts.day), atLeast: 2)
        self.append("T")
        self.digits(UInt(clamping: parts.hour), atLeast: 2)
        self.append(":")
        self.digits(UInt(clamping: parts.minute), atLeast: 2)
        self.append(":")
        self.digits(UInt(clamping: parts.second), atLeast: 2)
        self.append(".")
        self.digits(UInt(clamping: parts.millisecond), atLeast: 3)
        self.append("Z")
    }

    // MARK: Bytes

    /// A string of JSON with its quotes.
    private mutating func string(_ value: UnsafeRawBufferPointer) {
        if Self.isPlain(value, .json) {
            self.append("\"")
            self.append(value)
            self.append("\"")
        } else {
            var bytes: [UInt8] = []
            JSONLine.string(LogLine.cut(String(decoding: value, as: UTF8.self)), into: &bytes)
            bytes.withUnsafeBytes { self.append($0) }
        }
    }

    /// Whether these bytes are written unescaped in this format, and without quotes in a text.
    private static func isPlain(_ value: UnsafeRawBufferPointer, _ format: LineFormat) -> Bool {
        guard value.count <= LogLine.longestText else { return false }
        let (first, other): (UInt8, UInt8) =
            format == .json ? (0x20, UInt8(ascii: "\\")) : (0x21, UInt8(ascii: "="))
        for byte in value where byte < first || byte > 0x7E || byte == UInt8(ascii: "\"") || byte == other {
            return false
        }
        return true
    }

    private mutating func digits(_ value: UInt, atLeast width: Int) {
        var (rest, count) = (value / 10, 1)
        while rest > 0 { (rest, count) = (rest / 10, count + 1) }
        count = max(count, width)
        guard let place = self.take(count) else { return }
        rest = value
        for index in stride(from: count - 1, through: 0, by: -1) {
            place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { self.append(UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let place = self.take(bytes.count) else { return }
        place.copyMemory(from: bytes)
    }

    private mutating func take(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard count <= self.memory.count - self.count else {
            self.isOverfull = true
            return nil
        }
        defer { self.count += count }
        return UnsafeMutableRawBufferPointer(rebasing: self.memory[self.count..<self.count + count])
    }
}
