extension Timestamp {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// For HTTP headers, to the second: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
    public var httpDate: String {
        let date = CivilDate(secondsSince1970: seconds)
        let day = "\(Self.weekdays[date.weekday]), \(Self.digits(date.day)) \(Self.months[date.month - 1])"
        return "\(day) \(Self.digits(date.year, 4)) \(Self.time(date)) GMT"
    }

    /// For JSON, in UTC to the second: `1994-11-06T08:49:37Z` (RFC 3339).
    public var rfc3339: String {
        let date = CivilDate(secondsSince1970: seconds)
        let day = "\(Self.digits(date.year, 4))-\(Self.digits(date.month))-\(Self.digits(date.day))"
        return "\(day)T\(Self.time(date))Z"
    }

    /// Reads a header's date in any of the three forms that RFC 9110, section 5.6.7, asks for. A year of two digits
    /// is taken to be in this century, unless that is more than 50 years after `now`.
    public init?(httpDate text: some StringProtocol, now: Timestamp? = nil) {
        // `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`
        var words = text.utf8.split { " ,-".utf8.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 5, !words.removeFirst().isEmpty else { return nil }
        if words.last == "GMT" { words.removeLast() }
        guard words.count == 4 else { return nil }
        if Int(words[0]) == nil { words = [words[1], words[0], words[3], words[2]] }
        guard let day = Int(words[0]), let month = Self.months.firstIndex(of: words[1]), var year = Int(words[2])
        else { return nil }
        if words[2].utf8.count == 2 {
            let thisYear = now.map { CivilDate(secondsSince1970: $0.seconds).year } ?? 2000
            year += thisYear / 100 * 100
            if year > thisYear + 50 { year -= 100 }
        }
        self.init(year: year, month: month + 1, day: day, time: words[3])
    }

    /// Reads `1994-11-06T08:49:37.123Z`, in UTC, with or without a fraction of a second.
    public init?(rfc3339 text: some StringProtocol) {
        let halves = text.split(separator: "T", maxSplits: 1)
        guard halves.count == 2, halves[1].hasSuffix("Z") else { return nil }
        let day = halves[0].split(separator: "-").compactMap { Int($0) }
        let time = halves[1].dropLast().split(separator: ".", maxSplits: 1)
        guard day.count == 3, let clock = time.first else { return nil }
        self.init(year: day[0], month: day[1], day: day[2], time: String(clock))
        if time.count == 2 {
            let fraction = time[1].prefix(9)
            guard let value = Int32(fraction), value >= 0 else { return nil }
            nanoseconds = (fraction.utf8.count..<9).reduce(value) { scaled, _ in scaled * 10 }
        }
    }

    private init?(year: Int, month: Int, day: Int, time: String) {
        let parts = time.split(separator: ":").compactMap { Int($0) }
        guard parts.count == 3,
            let date = CivilDate(
                year: year, month: month, day: day, hour: parts[0], minute: parts[1], second: parts[2])
        else { return nil }
        self.init(seconds: date.secondsSince1970)
    }

    private static func time(_ date: CivilDate) -> String {
        "\(digits(date.hour)):\(digits(date.minute)):\(digits(date.second))"
    }

    private static func digits(_ value: Int, _ width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
