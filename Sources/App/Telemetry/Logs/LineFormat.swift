/// The format of a line. Whatever a message or a value contains, the result is one line.
public enum LineFormat: Sendable, Hashable {
    /// `2026-01-31T23:59:59.999Z info tintype: Ready port=8080`
    case text
    /// One JSON object; metadata are members next to `time`, `level`, `logger` and `message`.
    case json

    /// The line's bytes, including the line feed at the end.
    public func bytes(of line: LogLine) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch self {
        case .text: TextLine.write(line, into: &bytes)
        case .json: JSONLine.write(line, into: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
