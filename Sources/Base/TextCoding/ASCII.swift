/// The classes of bytes that HTTP's grammar is made of. The classes of Swift's Character are those of Unicode.
extension UInt8 {
    /// `0` to `9`.
    @inlinable public var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// `A` to `Z` and `a` to `z`.
    @inlinable public var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// A space or a tab.
    @inlinable public var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension StringProtocol {
    /// Without the spaces and tabs at its ends.
    public func trimmingBlanks() -> SubSequence {
        // By scalars: a space with an accent on it is another Character.
        let isInk: (Unicode.Scalar) -> Bool = { $0 != " " && $0 != "\t" }
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: isInk), let last = scalars.lastIndex(where: isInk) else {
            return self[startIndex..<startIndex]
        }
        return self[first..<scalars.index(after: last)]
    }
}
