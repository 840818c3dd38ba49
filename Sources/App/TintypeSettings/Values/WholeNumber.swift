/// A number as spelled in settings: decimal ASCII digits, no sign, no separators, no unit.
enum WholeNumber {
    /// - Returns: nil if the text is not such a number, or too large for an Int.
    static func parse(_ text: some StringProtocol) -> Int? {
        let digits = text.utf8
        // Int() would also accept a sign.
        guard let first = digits.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        return Int(text)
    }
}
