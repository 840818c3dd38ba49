#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A moment in UTC, to the millisecond, for log lines.
public struct LogTime: Sendable, Hashable {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    public let milliseconds: Int64

    /// A moment; negative before 1970.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The system's clock.
    public static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// RFC 3339, `2026-01-31T23:59:59.999Z`.
    public var rfc3339: String {
        let parts = self.parts
        return "\(Self.padded(parts.year, 4))-\(Self.padded(parts.month, 2))-\(Self.padded(parts.day, 2))"
            + "T\(Self.padded(parts.hour, 2)):\(Self.padded(parts.minute, 2)):\(Self.padded(parts.second, 2))"
            + ".\(Self.padded(parts.millisecond, 3))Z"
    }

    /// Date and time of day as numbers.
    struct Parts {
        var year: Int64
        var month: Int64
        var day: Int64
        var hour: Int64
        var minute: Int64
        var second: Int64
        var millisecond: Int64
    }

    var parts: Parts {
        let (days, inDay) = Self.divided(milliseconds, by: 86_400_000)
        let (year, month, day) = Self.date(daysSince1970: days)
        let (seconds, millisecond) = (inDay / 1000, inDay % 1000)
        return Parts(
            year: year, month: month, day: day, hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60,
            millisecond: millisecond)
    }

    /// The Gregorian date of a day. Years are counted from March, so that the leap day is a year's last day, and months
    /// repeat in groups of 153 days (five months of 31, 30, 31, 30, 31).
    private static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // There are 719,468 days from 1 March of the year 0 to 1970, and 146,097 in 400 years.
        let (era, dayOfEra) = divided(daysSince1970 + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    /// Rounded down, so that the remainder is never negative, not even before 1970.
    private static func divided(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
        let rest = ((value % divisor) + divisor) % divisor
        return ((value - rest) / divisor, rest)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
