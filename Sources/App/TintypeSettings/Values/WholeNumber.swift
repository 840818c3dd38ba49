/// A number as settings spell it: decimal ASCII digits, no sign, no separators, no unit.
enum WholeNumber {
    /// - Returns: nil where the text is no such number, or too large for an Int.
    static func parse(_ text: some StringProtocol) -> Int? {
        let digits = text.utf8
        // Int() would also take a sign.
        guard let first = digits.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        return Int(text)
    }
}
