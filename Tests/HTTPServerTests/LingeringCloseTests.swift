import NIOCore
import Testing

@testable import HTTPServer

@Suite struct LingeringCloseTests {
    @Test func theConnectionClosesAfterTheClientHasClosed() {
        var linger = LingeringClose(budget: 100, isInputClosed: false)
        #expect(linger.start() == .read)
        #expect(linger.flushed() == .shutdownOutput)
        #expect(linger.dropped(99) == .read)
        #expect(linger.inputClosed() == .close)
    }

    @Test func theConnectionClosesAtTheLimitOfDroppedBytes() {
        var linger = LingeringClose(budget: 100, isInputClosed: false)
        #expect(linger.flushed() == .shutdownOutput)
        #expect(linger.dropped(99) == .read)
        #expect(linger.dropped(1) == .close)
    }

    @Test func nothingClosesBeforeTheAnswerIsFlushed() {
        var spent = LingeringClose(budget: 100, isInputClosed: false)
        #expect(spent.dropped(100) == .wait)
        #expect(spent.flushed() == .close)
        var left = LingeringClose(budget: 100, isInputClosed: false)
        #expect(left.inputClosed() == .wait)
        #expect(left.flushed() == .close)
        var gone = LingeringClose(budget: 100, isInputClosed: true)
        #expect(gone.start() == .wait)
        #expect(gone.flushed() == .close)
    }

    @Test func theConnectionClosesAtTheTimeout() {
        #expect(LingeringClose(budget: 100, isInputClosed: false).timedOut() == .close)
    }
}

@Suite struct WriteStallTests {
    private let start = NIODeadline.uptimeNanoseconds(0)

    @Test func noProgressForTheWholeTimeoutIsAStall() {
        var stall = WriteStall(limit: .seconds(30), taken: 10, now: self.start)
        #expect(stall.interval == .milliseconds(7_500))
        let almost = self.start + .seconds(30) - .nanoseconds(1)
        #expect(stall.check(taken: 10, now: almost) == .checkAgain(at: almost + .milliseconds(7_500)))
        #expect(stall.check(taken: 10, now: self.start + .seconds(30)) == .stalled)
    }

    @Test func oneByteRestartsTheTimeout() {
        var stall = WriteStall(limit: .seconds(30), taken: 10, now: self.start)
        let late = self.start + .seconds(29)
        #expect(stall.check(taken: 11, now: late) == .checkAgain(at: late + .milliseconds(7_500)))
        let later = late + .seconds(29)
        #expect(stall.check(taken: 11, now: later) == .checkAgain(at: later + .milliseconds(7_500)))
        #expect(stall.check(taken: 11, now: late + .seconds(30)) == .stalled)
    }
}
