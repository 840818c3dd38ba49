/// The naming rules for buckets that every S3 store enforces (AWS, "General purpose bucket naming rules").
enum BucketName {
    static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (3...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
        guard isAlphanumeric(first), isAlphanumeric(last), !text.contains("..") else { return false }
        guard bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }) else {
            return false
        }
        // Four groups of digits look like an address, and some stores treat them as one.
        let groups = text.split(separator: ".", omittingEmptySubsequences: false)
        return !(groups.count == 4 && groups.allSatisfy { WholeNumber.parse($0) != nil })
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
