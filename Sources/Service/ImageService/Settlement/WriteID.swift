/// A name for one write, new for each: 64 random bits in hex.
struct WriteID: Sendable, Hashable {
    let text: String

    static func random() -> WriteID {
        let value = UInt64.random(in: .min ... .max)
        return WriteID(unchecked: StoredImage.hex((0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }))
    }

    init?(text: some StringProtocol) {
        guard text.utf8.count == 16, text.allSatisfy({ $0.isHexDigit }) else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) {
        self.text = text
    }
}
