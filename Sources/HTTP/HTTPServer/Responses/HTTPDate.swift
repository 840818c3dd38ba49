import NIOConcurrencyHelpers
import TextCoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The Date field of responses (RFC 9110 section 5.6.7), formatted at most once per second.
final class HTTPDateCache: Sendable {
    private let cached = NIOLockedValueBox<(second: Int, text: String)>((.min, ""))
    private let now: @Sendable () -> Int

    /// - Parameter now: Returns the seconds since 1970 in UTC.
    init(now: @escaping @Sendable () -> Int = { time(nil) }) {
        self.now = now
    }

    /// The current second as an IMF-fixdate.
    var text: String {
        let second = self.now()
        return self.cached.withLockedValue { cached in
            if cached.second != second { cached = (second, Timestamp(seconds: Int64(second)).httpDate) }
            return cached.text
        }
    }
}
