import NIOCore
import Testing

@testable import ImageAPI

@Suite("Stints of an event loop")
struct StintTests {
    private var stint = Stint()

    private mutating func isOver(_ start: UInt64, _ end: UInt64) -> Bool {
        stint.isOver(
            from: .uptimeNanoseconds((1_000_000 + start) * 1_000), until: .uptimeNanoseconds((1_000_000 + end) * 1_000))
    }

    /// 15 microseconds each, 5 between them: the 16th ends behind 300.
    @Test("Answers without a pause yield every 300 microseconds")
    mutating func busy() {
        var yields: [UInt64] = []
        for number in UInt64(0)..<40 where isOver(number * 20, number * 20 + 15) { yields.append(number) }
        #expect(yields == [15, 31])
    }

    @Test("Answers with pauses between them never do")
    mutating func calm() {
        for number in UInt64(0)..<100 {
            let yields = isOver(number * 100, number * 100 + 40)
            #expect(!yields)
        }
    }
}
