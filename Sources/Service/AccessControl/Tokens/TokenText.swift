/// Text that tokens and keys bring, and that may come into the log.
enum TokenText {
    /// The longest identifier of a key, and the longest subject, in bytes.
    static let maximumLength = 255

    /// Nil if the bytes are too long, are not UTF-8 or hold a control character, which could forge a line of the log.
    static func short(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= maximumLength, let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
        else { return nil }
        return text
    }
}
