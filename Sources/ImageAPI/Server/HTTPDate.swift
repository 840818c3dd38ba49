import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The Date field of answers (RFC 9110 section 5.6.7), written at most once per second.
final class HTTPDateCache: Sendable {
    private let cached = Mutex<(second: Int, text: String)>((.min, ""))
    private let now: @Sendable () -> Int

    /// - Parameter now: The seconds since 1970 in UTC.
    init(now: @escaping @Sendable () -> Int = { time(nil) }) {
        self.now = now
    }

    /// The present second as an IMF-fixdate.
    var text: String {
        let second = self.now()
        return self.cached.withLock { cached in
            if cached.second != second { cached = (second, Self.format(second)) }
            return cached.text
        }
    }

    /// Formats a time as `Sun, 06 Nov 1994 08:49:37 GMT`.
    /// - Parameter second: Seconds since 1970 in UTC.
    static func format(_ second: Int) -> String {
        var clock = time_t(second)
        var parts = tm()
        guard gmtime_r(&clock, &parts) != nil else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(Int(parts.tm_year) + 1900)"
        let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(days[Int(parts.tm_wday)]), \(date) \(time) GMT"
    }

    private static func two(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
