import DequeModule
import NIOCore

/// A pure clock that finds clients that are too slow. It gets the total number of bytes moved, and returns the recent
/// rate. Only time in which the server waits for the client counts. If the server itself is slow, it pauses the clock.
struct RateFloor {
    /// How far back the rate looks, in counted time. There is no rate before that much time has passed.
    private let window: TimeAmount
    /// Counted time up to the last pause.
    private var counted = TimeAmount.zero
    /// Since when the server has waited for the client; nil if it does not wait.
    private var waitingSince: NIODeadline?
    /// Byte counts at moments of counted time. The oldest is as old as the window, or is the beginning.
    private var marks: Deque<(at: TimeAmount, bytes: Int)>
    private var bytes: Int

    /// Marks are at least this fraction of the window apart. This limits their number and the window's precision.
    private static let marksInWindow: Int64 = 30

    /// - Parameters:
    ///   - window: How far back the rate looks.
    ///   - bytes: How many bytes have been moved up to now.
    init(window: TimeAmount, bytes: Int = 0) {
        self.window = window
        self.bytes = bytes
        self.marks = [(.zero, bytes)]
    }

    /// The server waits for the client. A second call does nothing.
    mutating func resume(now: NIODeadline) {
        if self.waitingSince == nil { self.waitingSince = now }
    }

    /// The server no longer waits for the client. A second call does nothing.
    mutating func pause(now: NIODeadline) {
        self.counted = self.counted(now)
        self.waitingSince = nil
    }

    /// Notes how many bytes have been moved up to now.
    /// - Returns: Bytes per second over the window; nil if not enough time has counted yet.
    mutating func note(bytes: Int, now: NIODeadline) -> Int? {
        self.bytes = max(self.bytes, bytes)
        let time = self.counted(now)
        // The rate starts at the newest mark that is as old as the window.
        while self.marks.count > 1, time - self.marks[1].at >= self.window { self.marks.removeFirst() }
        guard let first = self.marks.first, let last = self.marks.last else { return nil }
        if time - last.at >= .nanoseconds(max(1, self.window.nanoseconds / Self.marksInWindow)) {
            self.marks.append((time, self.bytes))
        }
        let elapsed = time - first.at
        guard elapsed >= self.window, elapsed > .zero else { return nil }
        return Int(Double(self.bytes - first.bytes) / (Double(elapsed.nanoseconds) / 1e9))
    }

    private func counted(_ now: NIODeadline) -> TimeAmount {
        self.counted + (self.waitingSince.map { max(.zero, now - $0) } ?? .zero)
    }
}
