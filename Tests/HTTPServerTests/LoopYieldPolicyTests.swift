import NIOCore
import Testing

@testable import HTTPServer

@Suite("Yield policy of an event loop")
struct LoopYieldPolicyTests {
    private var yieldPolicy = LoopYieldPolicy()

    private mutating func note(_ start: UInt64, _ end: UInt64) -> Bool {
        yieldPolicy.note(
            from: .uptimeNanoseconds((1_000_000 + start) * 1_000), until: .uptimeNanoseconds((1_000_000 + end) * 1_000))
    }

    /// 15 microseconds each, with 5 between them: the 16th ends after 300. The connections that are ready then are
    /// answered first.
    @Test("Responses without a pause yield every 300 microseconds")
    mutating func busy() {
        var yields: [UInt64] = []
        for number in UInt64(0)..<44 {
            if note(number * 20, number * 20 + 15) { yields.append(number) }
            if number == 19 { yieldPolicy.yield() }
        }
        #expect(yields == [15, 35])
    }

    @Test("Responses with pauses in between never yield")
    mutating func calm() {
        for number in UInt64(0)..<100 {
            let yields = note(number * 100, number * 100 + 40)
            #expect(!yields)
        }
    }
}
