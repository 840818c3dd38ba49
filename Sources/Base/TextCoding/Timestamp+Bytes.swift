extension Timestamp {
    /// The length of ``httpDate``, for the years 0 to 9999.
    public static let httpDateBytes = 29

    /// Writes ``httpDate``, ``httpDateBytes`` bytes, without making a String.
    ///
    /// - Returns: how many bytes were written.
    public func writeHTTPDate(into place: UnsafeMutableRawBufferPointer) -> Int {
        let date = CivilDate(secondsSince1970: seconds)
        var writer = DateWriter(place: place)
        writer.word(date.weekday, of: "SunMonTueWedThuFriSat")
        writer.text(", ")
        writer.number(date.day, digits: 2)
        writer.text(" ")
        writer.word(date.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec")
        writer.text(" ")
        writer.number(date.year, digits: 4)
        writer.text(" ")
        writer.number(date.hour, digits: 2)
        writer.text(":")
        writer.number(date.minute, digits: 2)
        writer.text(":")
        writer.number(date.second, digits: 2)
        writer.text(" GMT")
        return writer.count
    }
}

private struct DateWriter {
    let place: UnsafeMutableRawBufferPointer
    var count = 0

    mutating func text(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { put(byte) } }
    }

    /// The words have three letters.
    mutating func word(_ index: Int, of words: StaticString) {
        words.withUTF8Buffer { words in
            for letter in 3 * index..<3 * index + 3 { put(words[letter]) }
        }
    }

    mutating func number(_ value: Int, digits: Int) {
        var rest = value.magnitude
        for index in stride(from: digits - 1, through: 0, by: -1) {
            place[count + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    private mutating func put(_ byte: UInt8) {
        place[count] = byte
        count += 1
    }
}
