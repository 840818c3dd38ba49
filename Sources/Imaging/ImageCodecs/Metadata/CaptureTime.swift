extension PhotoFacts.CaptureTime {
    /// `YYYY:MM:DD HH:MM:SS` and `+HH:MM`; nil for an impossible date. An invalid offset counts as none.
    init?(_ text: [UInt8], offset: [UInt8]?) {
        let numbers = Self.numbers(text, pattern: Array(Self.pattern.utf8))
        guard let numbers else { return nil }
        self.init(numbers, offset: offset.flatMap { Self.minutes($0, pattern: "00:00") })
    }

    /// XMP's form of ISO 8601 (XMP part 1, 8.2.1.2): `YYYY-MM-DDThh:mm`, mostly with seconds, parts of them, and `Z` or
    /// `+hh:mm`. Some software writes EXIF's form. Nil for a date without a time of day.
    init?(xmp text: [UInt8]) {
        var text = text
        guard text.count >= 16 else { return nil }
        for (at, wanted, other) in [(4, 0x3A, 0x2D), (7, 0x3A, 0x2D), (10, 0x20, 0x54)] as [(Int, UInt8, UInt8)] {
            if text[at] == other { text[at] = wanted }
        }
        let hasSeconds = text.count > 16 && text[16] == 0x3A
        guard
            var numbers = Self.numbers(
                Array(text.prefix(hasSeconds ? 19 : 16)), pattern: Array((hasSeconds ? Self.pattern : Self.short).utf8))
        else { return nil }
        if !hasSeconds { numbers.append(0) }
        var rest = text.dropFirst(hasSeconds ? 19 : 16)
        if rest.first == 0x2E { rest = rest.dropFirst().drop { (0x30...0x39).contains($0) } }
        self.init(numbers, offset: rest.first == 0x5A ? 0 : Self.minutes(Array(rest), pattern: "00:00"))
    }

    /// IPTC's `CCYYMMDD` and `HHMMSS`, mostly with `+HHMM` (IIM 4.1, 2:55 and 2:60).
    init?(iptcDate date: [UInt8], time: [UInt8]) {
        let digits = Self.numbers(date, pattern: Array("00000000".utf8))?.first
        let clock = Self.numbers(Array(time.prefix(6)), pattern: Array("000000".utf8))?.first
        guard let digits, let clock else { return nil }
        self.init(
            [digits / 10_000, digits / 100 % 100, digits % 100, clock / 10_000, clock / 100 % 100, clock % 100],
            offset: Self.minutes(Array(time.dropFirst(6)), pattern: "0000"))
    }

    /// Year to second; nil for an impossible date.
    private init?(_ numbers: [Int], offset: Int?) {
        guard numbers.count == 6, numbers[0] > 0, (1...12).contains(numbers[1]), numbers[2] > 0,
            numbers[2] <= Self.days(numbers[1], of: numbers[0]), numbers[3] < 24, numbers[4] < 60, numbers[5] <= 60
        else { return nil }
        (year, month, day) = (numbers[0], numbers[1], numbers[2])
        (hour, minute, second) = (numbers[3], numbers[4], numbers[5])
        self.offset = offset
    }

    private static let pattern = "0000:00:00 00:00:00"
    private static let short = "0000:00:00 00:00"

    /// Minutes east of UTC, from a text of a sign and this pattern.
    private static func minutes(_ text: [UInt8], pattern: String) -> Int? {
        guard let sign = text.first, sign == 0x2B || sign == 0x2D,
            let parts = numbers(Array(text.dropFirst()), pattern: Array(pattern.utf8)), let first = parts.first,
            let last = parts.last
        else { return nil }
        let (hours, minutes) = parts.count == 2 ? (first, last) : (first / 100, first % 100)
        guard hours < 24, minutes < 60 else { return nil }
        return (sign == 0x2D ? -1 : 1) * (hours * 60 + minutes)
    }

    /// The numbers in a text of this pattern, where 0 stands for any digit; only zeros or spaces may follow.
    private static func numbers(_ text: [UInt8], pattern: [UInt8]) -> [Int]? {
        guard text.count >= pattern.count, text[pattern.count...].allSatisfy({ $0 == 0 || $0 == 0x20 }) else {
            return nil
        }
        var numbers = [0]
        for (byte, wanted) in zip(text, pattern) {
            if wanted == 0x30 {
                guard (0x30...0x39).contains(byte) else { return nil }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int(byte - 0x30)
            } else {
                guard byte == wanted else { return nil }
                numbers.append(0)
            }
        }
        return numbers
    }

    private static func days(_ month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}
