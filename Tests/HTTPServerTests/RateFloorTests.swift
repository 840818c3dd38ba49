import NIOCore
import Testing

@testable import HTTPServer

@Suite struct RateFloorTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Double) -> NIODeadline { start + .nanoseconds(Int64(seconds * 1e9)) }

    @Test func nothingIsSaidWithinTheGrace() {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        for second in 1..<30 { #expect(rate.note(bytes: second, now: at(Double(second))) == nil) }
        #expect(rate.note(bytes: 30, now: at(30)) == 1)
    }

    /// A megabyte at first is no credit for hours of a byte a second.
    @Test func onlyTheLastWindowCounts() throws {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        _ = rate.note(bytes: 1 << 20, now: at(1))
        var last: Int?
        for second in 2...90 { last = rate.note(bytes: 1 << 20 + second, now: at(Double(second))) }
        #expect(try #require(last) <= 2)
    }

    @Test func aFastClientIsFastHoweverSlowItWasBefore() throws {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        for second in 1...60 { _ = rate.note(bytes: second, now: at(Double(second))) }
        var last: Int?
        for second in 61...92 { last = rate.note(bytes: (second - 60) * 100_000, now: at(Double(second))) }
        #expect(try #require(last) > 90_000)
    }

    /// The server that waits for its own memory or for the store is not the client's fault.
    @Test func timeThatIsNotTheClientsDoesNotCount() {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        #expect(rate.note(bytes: 40_000, now: at(10)) == nil)
        rate.pause(now: at(10))
        rate.pause(now: at(20))
        #expect(rate.note(bytes: 40_000, now: at(1_000)) == nil)
        rate.resume(now: at(1_000))
        rate.resume(now: at(1_010))
        #expect(rate.note(bytes: 40_000, now: at(1_019)) == nil)
        #expect(rate.note(bytes: 60_000, now: at(1_020)) == 2_000)
    }

    /// Looks at long intervals, as a download is looked at, and none for a while: it counts from the last look that is
    /// old enough.
    @Test func fewLooksAreEnough() {
        var rate = RateFloor(window: .seconds(30), bytes: 1_000)
        rate.resume(now: at(0))
        #expect(rate.note(bytes: 1_000, now: at(7.5)) == nil)
        #expect(rate.note(bytes: 31_000, now: at(40)) == 923)
        #expect(rate.note(bytes: 31_000, now: at(200)) == 0)
    }

    /// At one below, at, and one above.
    @Test(arguments: [(1_023, 1_024), (1_024, nil), (1_025, nil)] as [(Int, Int?)])
    func theLimitItselfIsFastEnough(rate: Int, missed: Int?) {
        #expect(RateLimit(least: 1_024, contended: 32_768).missed(by: rate, isContended: { false }) == missed)
    }

    @Test(arguments: [(32_767, 32_768), (32_768, nil), (1_000, 1_024)] as [(Int, Int?)])
    func moreIsAskedWhileOthersWait(rate: Int, missed: Int?) {
        #expect(RateLimit(least: 1_024, contended: 32_768).missed(by: rate, isContended: { true }) == missed)
    }

    @Test func zeroIsNoLimit() {
        #expect(RateLimit(least: 0, contended: 32_768).missed(by: 0, isContended: { true }) == nil)
    }
}
