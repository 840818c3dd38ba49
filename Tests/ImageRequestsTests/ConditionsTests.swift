import HTTPTypes
import ObjectStorage
import Testing
import TextCoding

@testable import ImageRequests

@Suite("Conditions and ranges")
struct ConditionsTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    @Test("Entity tags may contain commas, and lists skip what is not a tag")
    func tagLists() {
        #expect(EntityTag.list(#""a,b" , W/"c",nonsense, "d"#).map(\.text) == [#""a,b""#, #""c""#])
        #expect(EntityTag.list(#"W/"x""#).first?.isWeak == true)
        #expect(EntityTag.list("").isEmpty)
        #expect(EntityTag.list(#""""#).map(\.text) == [#""""#])
        #expect(EntityTag.list(" ,, \"a\"\t,").map(\.text) == [#""a""#])
        // Text attached to a tag makes it no tag.
        #expect(EntityTag.list(#""a""a", "b"x, w/"c", W/ "d", "e" "f", "g""#).map(\.text) == [#""g""#])
    }

    @Test(
        "Each condition by itself",
        arguments: [
            ("If-Match", #""v""#, Conditions.Outcome.proceed), ("If-Match", #"W/"v""#, .preconditionFailed),
            ("If-None-Match", #"W/"v""#, .notModified), ("If-None-Match", #""x""#, .proceed),
            ("If-None-Match", "*", .notModified),
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", .notModified),
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", .proceed),
            ("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT", .notModified),
            ("If-Modified-Since", "Sun Nov  6 08:49:37 1994", .notModified),
            ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", .proceed),
            ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", .preconditionFailed),
            ("If-Unmodified-Since", "yesterday", .proceed),
        ])
    func outcomes(_ name: String, _ value: String, _ expected: Conditions.Outcome) throws {
        var headers = HTTPFields()
        headers[try #require(HTTPField.Name(name))] = value
        let modified = Timestamp(seconds: 784_111_777, nanoseconds: 500)
        #expect(Conditions(headers, now: now).evaluate(etag: ETag(opaque: "v"), lastModified: modified) == expected)
    }

    @Test(
        "Together, in the order of RFC 9110, section 13.2.2: a tag overrides the date of its kind",
        arguments: Self.table)
    func together(_ fields: [(String, String)], _ expected: Conditions.Outcome) throws {
        var headers = HTTPFields()
        for (name, value) in fields {
            headers.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let modified = Timestamp(seconds: 784_111_777)
        let outcome = Conditions(headers, now: now).evaluate(
            etag: ETag(opaque: "v"), lastModified: modified, range: RangeRequest(headers, now: now), now: now)
        #expect(outcome == expected)
    }

    @Test("Without a known date the date conditions are ignored")
    func undated() {
        let headers: HTTPFields = [.ifModifiedSince: Self.modified, .ifUnmodifiedSince: Self.before]
        #expect(Conditions(headers, now: now).evaluate(etag: ETag(opaque: "v"), lastModified: nil) == .proceed)
    }

    private static let table: [([(String, String)], Conditions.Outcome)] = [
        ([("If-Match", #""v""#), ("If-Unmodified-Since", Self.before)], Conditions.Outcome.proceed),
        ([("If-Match", #""x""#), ("If-Unmodified-Since", Self.modified)], .preconditionFailed),
        ([("If-None-Match", #""x""#), ("If-Modified-Since", Self.modified)], .proceed),
        ([("If-None-Match", #""v""#), ("If-Modified-Since", Self.before)], .notModified),
        ([("If-Match", #""x""#), ("If-None-Match", #""v""#)], .preconditionFailed),
        ([("If-Match", #""v""#), ("If-None-Match", #""v""#)], .notModified),
        ([("If-Unmodified-Since", Self.before), ("If-None-Match", #""v""#)], .preconditionFailed),
        ([("If-Match", #""x", "v""#)], .proceed), ([("If-Match", #""x""#), ("If-Match", #""v""#)], .proceed),
        ([("If-None-Match", "nonsense")], .proceed), ([("If-Match", "nonsense")], .preconditionFailed),
        ([("If-None-Match", ""), ("If-Modified-Since", Self.modified)], .proceed),
        ([("If-Match", "")], .preconditionFailed), ([("If-None-Match", #"*, "v""#)], .notModified),
        ([("If-None-Match", #""x", *"#)], .proceed), ([("If-None-Match", " * ")], .notModified),
        ([("If-None-Match", #""*""#)], .proceed),
        ([("If-Match", "*"), ("If-Modified-Since", Self.modified)], .notModified),
        // A repeated date, and a date with an impossible day, count as absent.
        ([("If-Modified-Since", Self.modified), ("If-Modified-Since", Self.modified)], .proceed),
        ([("If-Unmodified-Since", "Sun, 31 Feb 1993 08:49:37 GMT")], .proceed),
        // RFC 9110 has no rule against the future.
        ([("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")], .notModified),
        // The fifth step: If-Range, only with a Range, and only after the others.
        ([("Range", "bytes=1-2")], .partial(.closed(first: 1, last: 2))),
        ([("Range", "bytes=1-2"), ("If-Range", #""v""#)], .partial(.closed(first: 1, last: 2))),
        ([("Range", "bytes=1-2"), ("If-Range", Self.modified)], .partial(.closed(first: 1, last: 2))),
        ([("Range", "bytes=1-2"), ("If-Range", #""x""#)], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", #"W/"v""#)], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", #""v", "x""#)], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", #""v" x"#)], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", "*")], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", Self.before)], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", "Fri, 01 Jan 2100 00:00:00 GMT")], .proceed),
        ([("Range", "bytes=1-2"), ("If-Range", "")], .proceed),
        ([("If-Range", #""v""#)], .proceed),
        ([("Range", "bytes=1-2"), ("If-None-Match", #""v""#)], .notModified),
        ([("Range", "bytes=1-2"), ("If-Match", #""x""#)], .preconditionFailed),
        ([("Range", "bytes=1-2"), ("If-None-Match", #""x""#)], .partial(.closed(first: 1, last: 2))),
    ]

    private static let modified = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"

    @Test("A weak tag of the server's holds for If-None-Match, but not if the same bytes are needed")
    func weakRepresentation() {
        func outcome(_ headers: HTTPFields) -> Conditions.Outcome {
            var headers = headers
            headers[.range] = "bytes=0-1"
            return Conditions(headers, now: now).evaluate(
                etag: ETag(opaque: "v"), isWeak: true, lastModified: nil, range: RangeRequest(headers, now: now),
                now: now)
        }
        #expect(outcome([.ifNoneMatch: "\"v\""]) == .notModified)
        #expect(outcome([.ifNoneMatch: "W/\"v\""]) == .notModified)
        #expect(outcome([.ifMatch: "\"v\""]) == .preconditionFailed)
        #expect(outcome([.ifMatch: "*"]) == .proceed)
        #expect(outcome([.ifRange: "\"v\""]) == .proceed)
        #expect(outcome([.ifRange: "W/\"v\""]) == .proceed)
        #expect(outcome([:]) == .proceed)
    }

    @Test(
        "Ranges",
        arguments: [
            ("bytes=0-4", ByteRange.closed(first: 0, last: 4)), ("bytes=3-", .from(3)), ("bytes=-7", .suffix(7)),
            ("bytes = 1-2", .closed(first: 1, last: 2)),
            ("bytes=99999999999999999999-", .from(.max)), ("bytes=4-3", nil), ("bytes=-", nil), ("bytes=1-2,3-4", nil),
            ("items=0-1", nil), ("bytes=+1-2", nil), ("bytes", nil), ("bytes=,", nil), ("bytes=1-2;x", nil),
            ("bytes=0x1-2", nil), ("bytes=1 - 2", nil), ("BYTES=, 1-2 ,", .closed(first: 1, last: 2)),
            ("bytes=0-99999999999999999999", .closed(first: 0, last: .max)), ("bytes=-0", .suffix(0)),
        ])
    func ranges(_ value: String, _ expected: ByteRange?) {
        var headers = HTTPFields()
        headers[.range] = value
        #expect(RangeRequest(headers, now: now)?.range == expected)
    }

    @Test("If-Range by date needs a version that is old enough to be the only one of its second")
    func ifRangeDate() throws {
        var headers = HTTPFields()
        headers[.range] = "bytes=0-1"
        let modified = Timestamp(seconds: 784_111_777)
        headers[.ifRange] = modified.httpDate
        let request = try #require(RangeRequest(headers, now: now))
        #expect(request.applies(to: ETag(opaque: "v"), lastModified: modified, now: now))
        #expect(!request.applies(to: ETag(opaque: "v"), lastModified: modified, now: Timestamp(seconds: 784_111_778)))
        #expect(!request.applies(to: ETag(opaque: "v"), isWeak: true, lastModified: modified, now: now))
        #expect(!request.applies(to: ETag(opaque: "v"), lastModified: now, now: now))
    }
}
