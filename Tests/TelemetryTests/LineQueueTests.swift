import Synchronization
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(1))) struct LineQueueTests {
    /// A destination that accepts nothing until the test allows it.
    private final class Place: Sendable {
        let text = Mutex("")
        let isStuck: Mutex<Bool>
        /// Calls that have come, including blocked ones.
        let calls = Atomic(0)

        init(isStuck: Bool) { self.isStuck = Mutex(isStuck) }

        func write(_ bytes: [UInt8]) {
            calls.add(1, ordering: .relaxed)
            while isStuck.withLock({ $0 }) { DetachedThread.sleepOneMillisecond() }
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
    }

    private func queue(_ place: Place, limit: Int) -> LineQueue {
        LineQueue(
            limit: limit, note: { Array("dropped \($0)\n".utf8) },
            write: {
                place.write($0)
                return $0.count
            })
    }

    /// The disk was full. The rest of a batch was lost, nobody counted it, and half a line ran into the next one.
    @Test func linesThatCannotBeWrittenAreCountedAndBrokenLinesAreEnded() {
        let written = Mutex<[[UInt8]]>([])
        let queue = LineQueue(
            limit: 1 << 20, note: { _ in [] },
            write: { bytes in
                written.withLock { written in
                    let taken = written.isEmpty ? Array(bytes.prefix(2)) : bytes
                    written.append(taken)
                    return taken.count
                }
            })
        queue.append(Array("first\n".utf8))
        // Nothing waits, although the next line must start a new line.
        #expect(queue.flush(milliseconds: 2_000))
        #expect(queue.droppedLines == 1)
        queue.append(Array("second\n".utf8))
        queue.flush(milliseconds: 2_000)
        let all = written.withLock { String(decoding: $0.joined(), as: UTF8.self) }
        #expect(all == "fi\nsecond\n")
        #expect(queue.droppedLines == 1)
    }

    @Test func everyLineIsWrittenOnceAndInOrder() {
        let place = Place(isStuck: false)
        let queue = queue(place, limit: 1 << 20)
        for index in 0..<5000 { queue.append(Array("\(index)\n".utf8)) }
        queue.flush(milliseconds: 20_000)
        #expect(place.text.withLock { $0 } == (0..<5000).map { "\($0)\n" }.joined())
    }

    @Test func aBlockedDestinationBlocksNoWriterAndDroppedLinesAreCounted() async {
        let place = Place(isStuck: true)
        let queue = queue(place, limit: 30)
        queue.append(Array("first\n".utf8))
        // The first line is taken and blocked. From here on there is space for three lines.
        while place.calls.load(ordering: .relaxed) == 0 { await Task.yield() }
        for index in 0..<10 { queue.append(Array("line----\(index)\n".utf8)) }
        // A flush at the end of the process does not wait without end either.
        queue.flush(milliseconds: 20)
        #expect(place.text.withLock { $0 } == "")
        // Counted while the reader is still blocked.
        #expect(queue.droppedLines == 7)
        place.isStuck.withLock { $0 = false }
        queue.flush(milliseconds: 20_000)
        #expect(place.text.withLock { $0 } == "first\nline----0\nline----1\nline----2\ndropped 7\n")
        #expect(queue.droppedLines == 7)
        queue.append(Array("after\n".utf8))
        queue.flush(milliseconds: 20_000)
        #expect(place.text.withLock { $0 }.hasSuffix("dropped 7\nafter\n"))
    }
}
