#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Responses as received over the wire.
enum WireAnswers {
    private static let marks: [(text: String, end: UInt8)] = [
        ("\r\nDate: ", 13), ("\r\nX-Request-Id: ", 13), ("\r\nAge: ", 13), ("\"requestId\":\"", UInt8(ascii: "\"")),
    ]

    /// Removes the values of dates, ages and request ids.
    static func normalized(_ bytes: [UInt8]) -> [UInt8] {
        var values: [Range<Int>] = []
        for (text, end) in Self.marks {
            var place = 0
            while let mark = Self.find(Array(text.utf8), in: bytes, from: place) {
                let start = mark + text.utf8.count
                place = bytes[start...].firstIndex(of: end) ?? bytes.count
                values.append(start..<place)
            }
        }
        var (result, place) = ([UInt8](), 0)
        for value in values.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            result += bytes[place..<value.lowerBound]
            place = value.upperBound
        }
        return result + bytes[place...]
    }

    /// Uses the C library: without optimisation, Swift takes seconds for millions of bytes.
    private static func find(_ text: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var place = start
            while place + text.count <= bytes.count,
                let found = memchr(base + place, Int32(text[0]), bytes.count - place - text.count + 1)
            {
                place = UnsafeRawPointer(found) - base
                if memcmp(base + place, text, text.count) == 0 { return place }
                place += 1
            }
            return nil
        }
    }
}
