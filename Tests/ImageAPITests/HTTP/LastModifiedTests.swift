import HTTPTypes
import ImageRequests
import ImageService
import ObjectStorage
import Testing
import TextCoding

@testable import ImageAPI

/// A file's time was in the future, and so was Last-Modified. A client with that date got 304 for every later version,
/// if it sent only If-Modified-Since.
@Suite("Last-Modified and clocks")
struct LastModifiedTests {
    private let now = Timestamp(seconds: 1_800_000_000, nanoseconds: 900_000_000)

    private func outcome(_ since: Timestamp, lastModified: Timestamp, now: Timestamp) -> Conditions.Outcome {
        let headers: HTTPFields = [.ifModifiedSince: since.httpDate]
        return Conditions(headers, now: now).evaluate(etag: ETag(opaque: "v"), lastModified: lastModified, now: now)
    }

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: now.seconds + seconds) }

    @Test("Never later than Date", arguments: [-1, 0] as [Int64])
    func past(_ seconds: Int64) {
        #expect(LastModified.sent(time(seconds), date: now) == time(seconds))
    }

    @Test("A time in the future is not sent", arguments: [1, 3_600, 1 << 40] as [Int64])
    func future(_ seconds: Int64) {
        #expect(LastModified.sent(time(seconds), date: now) == time(-1))
    }

    @Test("A replacement is seen within the second in which the earlier one was sent")
    func replacedAtOnce() {
        let sent = LastModified.sent(time(3_600), date: now)
        #expect(outcome(sent, lastModified: now, now: now) == .proceed)
        #expect(outcome(sent, lastModified: time(5), now: time(10)) == .proceed)
    }

    @Test("A date in the future proves nothing about a recent version")
    func futureCondition() {
        #expect(outcome(time(3_600), lastModified: time(-5), now: now) == .proceed)
        #expect(outcome(time(1), lastModified: time(-5), now: now) == .proceed)
        #expect(outcome(time(1), lastModified: time(-86_400), now: now) == .proceed)
        #expect(outcome(time(1), lastModified: time(-86_401), now: now) == .notModified)
        #expect(outcome(time(0), lastModified: time(-5), now: now) == .notModified)
        #expect(outcome(time(-5), lastModified: time(-5), now: now) == .notModified)
        #expect(outcome(time(-6), lastModified: time(-5), now: now) == .proceed)
    }
}
