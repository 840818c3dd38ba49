#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A clock for the time of day, as a value, so that tests can replace it.
public typealias WallClock = @Sendable () -> Timestamp

/// A moment in UTC, to the nanosecond. HTTP and S3 use seconds; local files are more precise.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int32

    /// A moment. Does not check that the nanoseconds are in range.
    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The current time of the system's clock.
    public static var now: Timestamp {
        let elapsed = Date.now.timeIntervalSince1970
        let seconds = elapsed.rounded(.down)
        return Timestamp(seconds: Int64(seconds), nanoseconds: Int32((elapsed - seconds) * 1e9))
    }

    /// Whether the left moment is earlier.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
