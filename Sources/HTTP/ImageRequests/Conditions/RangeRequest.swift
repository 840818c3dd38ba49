public import HTTPTypes
public import ObjectStorage
public import TextCoding

/// The Range and If-Range headers of a GET (RFC 9110, sections 13.1.5 and 14.2).
public struct RangeRequest: Sendable, Hashable {
    /// The requested bytes.
    public var range: ByteRange
    private var condition: Condition?

    private enum Condition: Sendable, Hashable {
        case tag(EntityTag)
        case date(Timestamp)
        /// Neither a tag nor a date. It never holds, so the whole is sent.
        case malformed
    }

    /// Nil if the whole is to be sent: there is no Range, it is malformed or has another unit, or it has several
    /// ranges, for which a server may send the whole.
    public init?(_ headers: HTTPFields, now: Timestamp) {
        guard let header = headers[.range], let range = Self.parse(header) else { return nil }
        self.range = range
        guard let ifRange = headers[.ifRange] else { return }
        // One tag, not a list.
        let tags = EntityTag.list(ifRange)
        if let tag = tags.first, ifRange.trimmingBlanks() == (tag.isWeak ? "W/" : "") + tag.text {
            condition = .tag(tag)
        } else {
            condition = Timestamp(httpDate: ifRange, now: now).map { .date($0) } ?? .malformed
        }
    }

    /// Whether the range of this representation may be sent; otherwise the whole is sent.
    public func applies(to etag: ETag, isWeak: Bool = false, lastModified: Timestamp?, now: Timestamp) -> Bool {
        // Nothing would guarantee that the other parts have the same bytes.
        if isWeak { return false }
        return switch condition {
        case nil: true
        case .tag(let tag): !tag.isWeak && tag.text == etag.text
        // A date proves a version only if it is so old that a second write cannot have the same date.
        case .date(let date): date.seconds == lastModified?.seconds && now.seconds - date.seconds >= 60
        case .malformed: false
        }
    }

    private static func parse(_ header: String) -> ByteRange? {
        let halves = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].trimmingBlanks().lowercased() == "bytes" else { return nil }
        // Empty list elements do not count (section 5.6.1.2).
        let specs = halves[1].split(separator: ",").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
        guard let spec = specs.first, specs.count == 1 else { return nil }
        let ends = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return nil }
        switch (number(ends[0]), number(ends[1])) {
        case (let first?, let last?): return first <= last ? .closed(first: first, last: last) : nil
        case (let first?, nil): return ends[1].isEmpty ? .from(first) : nil
        case (nil, let count?): return ends[0].isEmpty ? .suffix(count) : nil
        case (nil, nil): return nil
        }
    }

    /// Digits only. A number larger than any object counts as the largest possible number.
    private static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isASCIIDigit) else {
            return nil
        }
        return Int64(text) ?? .max
    }
}
