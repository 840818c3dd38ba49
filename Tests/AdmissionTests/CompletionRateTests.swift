import Testing

@testable import Admission

@Suite struct CompletionRateTests {
    private let start = ContinuousClock.now
    private var rate = CompletionRate(guess: 1000)

    init() {
        rate.advance(to: start, isBusy: false)
    }

    /// Ten seconds of work: a job of `cost` bytes finishes every tenth of a second.
    private mutating func work(_ cost: Int, from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        for step in 1...100 {
            rate.advance(to: start + .milliseconds(100 * step), isBusy: true)
            rate.finish(cost)
        }
        return start + .seconds(10)
    }

    @Test func `at first, and while idle, the rate is the guess`() {
        #expect(rate.bytesPerSecond == 1000)
        var rate = rate
        rate.advance(to: start + .seconds(100), isBusy: false)
        #expect(abs(rate.bytesPerSecond - 1000) < 0.001)
    }

    @Test(arguments: [10, 100, 2000]) mutating func `after seconds of work the rate is that of the work`(cost: Int) {
        _ = work(cost, from: start)
        let pace = Double(cost) * 10
        // A finished job counts fully at first, and loses weight until the next one finishes: at most a twentieth.
        #expect(abs(rate.bytesPerSecond - pace) < pace / 20 + 1000 * 0.01)
    }

    @Test mutating func `the rate follows a change within seconds, and returns to the guess when idle`() {
        var now = work(10, from: start)
        now = work(1000, from: now)
        #expect(rate.bytesPerSecond > 9000)
        rate.advance(to: now + .seconds(20), isBusy: false)
        #expect(abs(rate.bytesPerSecond - 1000) < 20)
    }

    @Test mutating func `if no job finishes for long, the rate approaches zero`() {
        rate.advance(to: start + .seconds(60), isBusy: true)
        #expect(rate.bytesPerSecond < 1)
        #expect(rate.bytesPerSecond > 0)
    }
}
