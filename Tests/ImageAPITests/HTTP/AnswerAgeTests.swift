import ImageService
import ObjectStorage
import Testing
import TextCoding

@testable import ImageAPI

@Suite("Age, Date and Cache-Status")
struct AnswerAgeTests {
    private let asked = ContinuousClock.now

    @Test(
        "Age is whole seconds since the request to the store, and Date plus Age is now",
        arguments: [
            (Duration.zero, 0, Timestamp(seconds: 1000, nanoseconds: 0), 1000 as Int64),
            (.milliseconds(999), 0, Timestamp(seconds: 1000, nanoseconds: 999_000_000), 1000),
            (.milliseconds(999), 0, Timestamp(seconds: 1000, nanoseconds: 998_999_999), 999),
            (.seconds(1), 1, Timestamp(seconds: 1000, nanoseconds: 500_000_000), 999),
            (.milliseconds(4750), 4, Timestamp(seconds: 1000, nanoseconds: 250_000_000), 995),
            (.seconds(86_400), 86_400, Timestamp(seconds: 100_000), 13_600),
            // The clock of the instants cannot go back. If it did, no client would get a negative age.
            (.seconds(-1), 0, Timestamp(seconds: 1000), 1001),
        ])
    func ages(_ elapsed: Duration, _ age: Int, _ now: Timestamp, _ date: Int64) {
        let answer = AnswerAge(asked: asked)
        #expect(answer.seconds(now: asked + elapsed) == age)
        #expect(answer.date(now: now, clock: asked + elapsed).seconds == date)
    }

    @Test(
        "Cache-Status for each way to a response",
        arguments: [
            (Freshness.hit, "tintype; hit", "hit"), (.miss, "tintype; fwd=miss", "miss"),
            (.revalidated, "tintype; fwd=stale; fwd-status=304", "revalidated"),
            (.replaced, "tintype; fwd=stale; fwd-status=200", "miss"),
            (.forcedRevalidation(holds: true), "tintype; fwd=request; fwd-status=304", "revalidated"),
            (.forcedRevalidation(holds: false), "tintype; fwd=request; fwd-status=200", "miss"),
            (.stale, "tintype; hit; detail=storage-away", "stale"),
        ])
    func status(_ freshness: Freshness, _ text: String, _ label: String) {
        #expect(CacheStatus.text(freshness) == text)
        #expect(freshness.label == label)
        #expect(freshness.answer(bytesInMemory: true) == freshness)
        // Bytes from the store are not a hit. But if the store is unavailable, the response says so.
        #expect(freshness.answer(bytesInMemory: false) == (freshness == .stale ? .stale : .miss))
    }
}
