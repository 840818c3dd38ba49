/// A Content-Range header (RFC 9110, section 14.4), in bytes.
struct ContentRange: Sendable, Hashable {
    var range: Range<Int64>
    /// The whole object's size.
    var size: Int64

    /// Reads `bytes 0-9/100`. Nil if the numbers are inconsistent.
    init?(_ text: String?) {
        guard let text, let (span, size) = Self.split(text), let size = Int64(size) else { return nil }
        let ends = span.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, first <= last,
            last < size
        else { return nil }
        range = first..<(last + 1)
        self.size = size
    }

    /// The size in `bytes */100`, which comes with 416.
    static func unsatisfiedSize(_ text: String?) -> Int64? {
        guard let text, let (span, size) = split(text), span == "*", let size = Int64(size), size >= 0 else {
            return nil
        }
        return size
    }

    private static func split(_ text: String) -> (Substring, Substring)? {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let halves = words[1].split(separator: "/", omittingEmptySubsequences: false)
        return halves.count == 2 ? (halves[0], halves[1]) : nil
    }
}
