import NIOCore
import Testing

@testable import HTTPServer

@Suite struct RateFloorTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Double) -> NIODeadline { start + .nanoseconds(Int64(seconds * 1e9)) }

    @Test func noClientIsTooSlowWithinTheGracePeriod() {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        for second in 1..<30 { #expect(rate.note(bytes: second, now: at(Double(second))) == nil) }
        #expect(rate.note(bytes: 30, now: at(30)) == 1)
    }

    /// A fast first megabyte does not allow hours at one byte per second.
    @Test func onlyTheLastWindowCounts() throws {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        _ = rate.note(bytes: 1 << 20, now: at(1))
        var last: Int?
        for second in 2...90 { last = rate.note(bytes: 1 << 20 + second, now: at(Double(second))) }
        #expect(try #require(last) <= 2)
    }

    @Test func aClientThatBecomesFastIsNotTooSlow() throws {
        var rate = RateFloor(window: .seconds(30))
        rate.resume(now: at(0))
        for second in 1...60 { _ = rate.note(bytes: second, now: at(Double(second))) }
        var last: Int?
        for second in 61...92 { last = rate.note(bytes: (second - 60) * 100_000, now: at(Double(second))) }
        #expect(try #require(last) > 90_000)
    }

    /// If the server waits for its own memory or for the store, the time does not count for the client.
    @Test func timeInWhichTheServerWaitsDoesNotCount() {
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

    /// Checks at long intervals, as for a download, and none for a while. The rate counts from the last check that is
    /// old enough.
    @Test func theRateIsRightWithFewChecks() {
        var rate = RateFloor(window: .seconds(30), bytes: 1_000)
        rate.resume(now: at(0))
        #expect(rate.note(bytes: 1_000, now: at(7.5)) == nil)
        #expect(rate.note(bytes: 31_000, now: at(40)) == 923)
        #expect(rate.note(bytes: 31_000, now: at(200)) == 0)
    }

    /// One below, equal to, and one above the limit.
    @Test(arguments: [(1_023, 1_024), (1_024, nil), (1_025, nil)] as [(Int, Int?)])
    func aRateOfExactlyTheLimitIsFastEnough(rate: Int, missed: Int?) {
        #expect(RateLimit(least: 1_024, contended: 32_768).missed(by: rate, isContended: { false }) == missed)
    }

    @Test(arguments: [(32_767, 32_768), (32_768, nil), (1_000, 1_024)] as [(Int, Int?)])
    func theLimitIsHigherWhileOthersWait(rate: Int, missed: Int?) {
        #expect(RateLimit(least: 1_024, contended: 32_768).missed(by: rate, isContended: { true }) == missed)
    }

    @Test func aLimitOfZeroMeansNoLimit() {
        #expect(RateLimit(least: 0, contended: 32_768).missed(by: 0, isContended: { true }) == nil)
    }
}
