import DequeModule
import NIOCore

/// The pure clock that finds a client that is too slow: fed with how many bytes it has moved in all, it tells the rate
/// of late. Only time in which the client is waited for counts; a server that is slow itself pauses it.
struct RateFloor {
    /// How far back the rate looks, in time that counts. Before so much has passed there is none.
    private let window: TimeAmount
    /// Time that counts, up to the last pause.
    private var counted = TimeAmount.zero
    /// Since when the client is waited for; nil: it is not.
    private var waitingSince: NIODeadline?
    /// Bytes at moments of counted time, the oldest as old as the window or the beginning.
    private var marks: Deque<(at: TimeAmount, bytes: Int)>
    private var bytes: Int

    /// Marks lie at least this part of the window apart: so many are kept at most, and the window is exact to so much.
    private static let marksInWindow: Int64 = 30

    /// - Parameters:
    ///   - window: How far back the rate looks.
    ///   - bytes: How many bytes have been moved up to now.
    init(window: TimeAmount, bytes: Int = 0) {
        self.window = window
        self.bytes = bytes
        self.marks = [(.zero, bytes)]
    }

    /// The client is waited for. Calling it again does nothing.
    mutating func resume(now: NIODeadline) {
        if self.waitingSince == nil { self.waitingSince = now }
    }

    /// The client is not waited for any more. Calling it again does nothing.
    mutating func pause(now: NIODeadline) {
        self.counted = self.counted(now)
        self.waitingSince = nil
    }

    /// Notes how many bytes have been moved up to now.
    /// - Returns: Bytes a second over the window; nil where not so much time has counted yet.
    mutating func note(bytes: Int, now: NIODeadline) -> Int? {
        self.bytes = max(self.bytes, bytes)
        let time = self.counted(now)
        // The newest one that is as old as the window is where the rate counts from.
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
