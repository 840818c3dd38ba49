import TextCoding

/// The boundary parameter of a Content-Type.
enum FormBoundary {
    /// - Returns: 1 to 70 characters of RFC 2046's `bchars`, not ending in a space.
    /// - Throws: `notFormData` for another media type; `badBoundary` if there is no valid one, or two.
    static func parse(contentType: String) throws(FormDataError) -> String {
        guard let value = HeaderParameters(contentType), value.first.lowercased() == "multipart/form-data" else {
            throw .notFormData
        }
        guard let boundary = value.only("boundary"), isValid(boundary) else { throw .badBoundary }
        return boundary
    }

    static func isValid(_ boundary: String) -> Bool {
        let bytes = boundary.utf8
        return (1...70).contains(bytes.count) && bytes.last != UInt8(ascii: " ") && bytes.allSatisfy(isAllowed)
    }

    /// `bchars`. None of them is CR or LF; ``DelimiterMatcher`` relies on that.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "'()+_,-./:=? ".utf8.contains(byte)
    }
}
