/// The first line of an HTTP/1.1 answer, RFC 9112, section 4.
enum StatusLine: Equatable {
    case incomplete
    case malformed
    case status(Int)

    /// - Parameter bytes: the answer so far. Only its first twelve bytes are read.
    static func parse(_ bytes: some Collection<UInt8>) -> StatusLine {
        let start = Array(bytes.prefix(12))
        let version = Array("HTTP/1.".utf8)
        guard start.prefix(version.count).elementsEqual(version.prefix(start.count)) else { return .malformed }
        guard start.count == 12 else { return .incomplete }
        let digits = start[9...].map { Int($0) - 0x30 }
        guard start[8] == 0x20, digits.allSatisfy({ (0...9).contains($0) }) else { return .malformed }
        return .status(digits.reduce(0) { $0 * 10 + $1 })
    }
}
