import Synchronization

/// Lines for an output that may be slow or stuck: logging never waits for it.
///
/// One thread writes everything that waits at once. A busy server logs faster than a thread can be woken, so the thread
/// pauses between two writes and lets lines accumulate. Lines that do not fit are dropped and counted, and the count is
/// written as a line of its own as soon as there is space.
final class LineQueue: Sendable {
    private struct State {
        /// Whole lines, one after the other.
        var bytes: [UInt8] = []
        var dropped = 0
        /// Lines were taken from `bytes` and are not written yet.
        var isWriting = false
        var hasThread = false
        /// The writer was woken and has not looked yet.
        var isWoken = false
        /// The last write ended within a line.
        var isTorn = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let write: @Sendable ([UInt8]) -> Int
    private let note: @Sendable (_ dropped: Int) -> [UInt8]
    private let signal = Signal()
    private let allDropped = Atomic(0)

    /// Memory for lines is reused for the next write, but not what an unusual burst needed.
    private static let retainedCapacity = 512 << 10
    /// The pause between two writes, in milliseconds.
    private static let pause = 4

    /// - Parameters:
    ///   - limit: bytes that may wait.
    ///   - note: the line that reports how many were dropped.
    ///   - write: takes one or more whole lines and returns how many bytes of them it could write; may block.
    init(
        limit: Int, note: @escaping @Sendable (_ dropped: Int) -> [UInt8],
        write: @escaping @Sendable ([UInt8]) -> Int
    ) {
        self.limit = limit
        self.note = note
        self.write = write
    }

    /// How many lines were dropped since the start, including those not reported yet.
    var droppedLines: Int { allDropped.load(ordering: .relaxed) }

    /// Never blocks.
    func append(_ line: [UInt8]) {
        line.withUnsafeBytes { append($0) }
    }

    /// Takes a copy of the line. Never blocks.
    func append(_ line: UnsafeRawBufferPointer) {
        let (startsThread, wakes) = state.withLock { state in
            if state.bytes.count + line.count <= limit {
                state.bytes.append(contentsOf: line)
            } else {
                state.dropped += 1
                allDropped.add(1, ordering: .relaxed)
            }
            defer {
                state.hasThread = true
                state.isWoken = true
            }
            return (!state.hasThread, !state.isWoken)
        }
        // If no thread can be started, the logging thread must write.
        if startsThread, !DetachedThread.start({ self.run() }) {
            state.withLock { $0.hasThread = false }
            var spare: [UInt8] = []
            writeNext(&spare)
        }
        if wakes { signal.raise() }
    }

    /// Waits until everything is written, but at most so long. For the end of the process.
    ///
    /// - Returns: whether everything was written.
    @discardableResult
    func flush(milliseconds: Int) -> Bool {
        for _ in 0..<milliseconds {
            let isDone = state.withLock { $0.bytes.isEmpty && $0.dropped == 0 && !$0.isWriting }
            if isDone { return true }
            DetachedThread.sleepOneMillisecond()
        }
        return false
    }

    private func run() {
        var spare: [UInt8] = []
        while true {
            signal.wait()
            writeNext(&spare)
            for _ in 0..<Self.pause { DetachedThread.sleepOneMillisecond() }
        }
    }

    private static let lineEnd = UInt8(ascii: "\n")

    /// Writes everything that waits.
    ///
    /// - Parameter spare: empty memory for lines that come meanwhile; after the write, the memory that was used now.
    private func writeNext(_ spare: inout [UInt8]) {
        let (dropped, wasTorn) = state.withLock { state in
            swap(&state.bytes, &spare)
            defer { state.dropped = 0 }
            state.isWoken = false
            state.isWriting = true
            return (state.dropped, state.isTorn)
        }
        if dropped > 0 { spare += note(dropped) }
        var isTorn = wasTorn
        if !spare.isEmpty {
            // After half a line the next line must start on a new one.
            if wasTorn { spare.insert(Self.lineEnd, at: 0) }
            let written = write(spare)
            if written > 0 { isTorn = spare[written - 1] != Self.lineEnd }
            // Lines that could not be written: the disk is full, or nobody reads any more.
            let lost = spare[max(written, wasTorn ? 1 : 0)...].count { $0 == Self.lineEnd }
            if lost > 0 { allDropped.add(lost, ordering: .relaxed) }
        }
        if spare.capacity > Self.retainedCapacity { spare = [] } else { spare.removeAll(keepingCapacity: true) }
        state.withLock { state in
            state.isWriting = false
            state.isTorn = isTorn
        }
    }
}
