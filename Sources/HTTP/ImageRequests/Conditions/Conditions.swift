public import HTTPTypes
public import ObjectStorage
public import TextCoding

/// The condition headers of a request, parsed (RFC 9110, section 13.1). A malformed one counts as absent, as section
/// 13.1.3 requires for dates. A malformed tag list matches nothing.
public struct Conditions: Sendable, Hashable {
    /// A list of entity tags, or any tag.
    public enum TagList: Sendable, Hashable {
        case any
        case tags([EntityTag])
    }

    /// If-Match; nil if absent.
    public var ifMatch: TagList?
    /// If-None-Match; nil if absent.
    public var ifNoneMatch: TagList?
    /// If-Modified-Since; nil if absent.
    public var ifModifiedSince: Timestamp?
    /// If-Unmodified-Since; nil if absent.
    public var ifUnmodifiedSince: Timestamp?

    /// - Parameter now: Tells the century of a year with two digits.
    public init(_ headers: HTTPFields, now: Timestamp) {
        ifMatch = Self.tagList(headers, .ifMatch)
        ifNoneMatch = Self.tagList(headers, .ifNoneMatch)
        ifModifiedSince = headers[.ifModifiedSince].flatMap { Timestamp(httpDate: $0, now: now) }
        ifUnmodifiedSince = headers[.ifUnmodifiedSince].flatMap { Timestamp(httpDate: $0, now: now) }
    }

    /// Whether the request has none of them.
    public var isEmpty: Bool {
        ifMatch == nil && ifNoneMatch == nil && ifModifiedSince == nil && ifUnmodifiedSince == nil
    }

    private static func tagList(_ headers: HTTPFields, _ name: HTTPField.Name) -> TagList? {
        let values = headers[values: name]
        guard !values.isEmpty else { return nil }
        let text = values.joined(separator: ",")
        if text.trimmingBlanks() == "*" { return .any }
        return .tags(EntityTag.list(text))
    }

    /// What a request with these conditions gets.
    public enum Outcome: Sendable, Hashable {
        /// The whole representation.
        case proceed
        /// A part, if the representation is long enough.
        case partial(ByteRange)
        case notModified
        case preconditionFailed
    }

    /// Clocks may have been set back by this much: a day.
    private static let clockErrorSeconds: Int64 = 86_400

    /// Evaluates the conditions of a GET or HEAD, in the order of RFC 9110, section 13.2.2. The representation exists.
    /// All conditions of reads are evaluated here, including If-Range.
    ///
    /// - Parameters:
    ///   - isWeak: Whether the tag stands for more than one sequence of bytes.
    ///   - range: Nil for HEAD, which has none.
    ///   - now: For If-Range by date, and for dates in the future.
    public func evaluate(
        etag: ETag, isWeak: Bool = false, lastModified: Timestamp?, range: RangeRequest? = nil, now: Timestamp = .now
    ) -> Outcome {
        if let ifMatch {
            guard ifMatch == .any || !isWeak && ifMatch.matchesStrongly(etag) else { return .preconditionFailed }
        } else if let ifUnmodifiedSince, let lastModified {
            guard lastModified.seconds <= ifUnmodifiedSince.seconds else { return .preconditionFailed }
        }
        if let ifNoneMatch {
            if ifNoneMatch.matchesWeakly(etag) { return .notModified }
        } else if let ifModifiedSince, let lastModified {
            // A date in the future proves nothing about a recent version. If a clock or a file's time was ahead, the
            // replacement may have an earlier date.
            let isCertain =
                ifModifiedSince.seconds <= now.seconds || lastModified.seconds < now.seconds - Self.clockErrorSeconds
            if isCertain, lastModified.seconds <= ifModifiedSince.seconds { return .notModified }
        }
        guard let range, range.applies(to: etag, isWeak: isWeak, lastModified: lastModified, now: now) else {
            return .proceed
        }
        return .partial(range.range)
    }
}

extension Conditions.TagList {
    /// Equal, and neither is weak (RFC 9110, section 8.8.3.2).
    public func matchesStrongly(_ etag: ETag) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { !$0.isWeak && $0.text == etag.text }
        }
    }

    /// Equal, whether weak or not.
    public func matchesWeakly(_ etag: ETag) -> Bool {
        switch self {
        case .any: true
        case .tags(let tags): tags.contains { $0.text == etag.text }
        }
    }
}

/// An entity tag in a request.
public struct EntityTag: Sendable, Hashable {
    /// Whether `W/` precedes it.
    public var isWeak: Bool
    /// With its quotes.
    public var text: String

    /// Parses a comma-separated list and skips what is not a tag. A tag may contain commas.
    public static func list(_ text: String) -> [EntityTag] {
        var tags: [EntityTag] = []
        var rest = text.utf8[...]
        while !rest.isEmpty {
            var item = rest.drop { $0.isBlank || $0 == UInt8(ascii: ",") }
            let isWeak = item.starts(with: "W/".utf8)
            if isWeak { item = item.dropFirst(2) }
            guard item.first == UInt8(ascii: "\""),
                let end = item.dropFirst().firstIndex(of: UInt8(ascii: "\""))
            else {
                rest = item.drop { $0 != UInt8(ascii: ",") }
                continue
            }
            rest = item[item.index(after: end)...].drop(while: \.isBlank)
            // Text that follows without a comma belongs to the element, so the element is not a tag.
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") else {
                rest = rest.drop { $0 != UInt8(ascii: ",") }
                continue
            }
            tags.append(EntityTag(isWeak: isWeak, text: String(decoding: item[...end], as: UTF8.self)))
        }
        return tags
    }
}
