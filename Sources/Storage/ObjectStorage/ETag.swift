/// A strong entity tag from a store, with its quotes (RFC 9110, section 8.8.3). Opaque: compared byte by byte, never
/// parsed. The same bytes may get the same tag again, so a tag alone never proves who wrote them.
public struct ETag: Sendable, Hashable {
    /// The tag with its quotes, as in a header.
    public let text: String

    /// Reads a tag from a store's header: with or without quotes; `W/` is removed. Nil if no header could carry it: if
    /// it is empty, or has a byte that RFC 9110's `etagc` excludes.
    public init?(header: some StringProtocol) {
        var inner = Substring(header)
        if inner.hasPrefix("W/") { inner = inner.dropFirst(2) }
        if inner.utf8.count >= 2, inner.utf8.first == UInt8(ascii: "\""), inner.utf8.last == UInt8(ascii: "\"") {
            inner = inner.dropFirst().dropLast()
        }
        guard !inner.isEmpty, inner.utf8.allSatisfy({ $0 == 0x21 || (0x23...0x7E).contains($0) }) else { return nil }
        self.text = "\"\(inner)\""
    }

    /// A tag whose text between the quotes is `opaque`: letters, digits and punctuation, no quote.
    public init(opaque: String) {
        self.text = "\"\(opaque)\""
    }

    /// The text between the quotes.
    public var opaque: Substring { text.dropFirst().dropLast() }
}

extension ETag: CustomStringConvertible {
    /// The tag with its quotes, as ``text``.
    public var description: String { text }
}
