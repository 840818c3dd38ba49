/// The name of an object: 1 to 1,024 bytes of valid UTF-8, compared, hashed, split and prefix-matched as bytes.
///
/// A key is never handled as String or Character: in Swift a combining accent after a slash hides the slash from
/// `split` and `hasPrefix`, and two normal forms of a name would be one dictionary key.
public struct ObjectKey: Sendable, Hashable {
    /// The bytes of the name.
    public let bytes: [UInt8]

    /// The longest key that S3 takes, in bytes.
    public static let maximumLength = 1024

    /// A key of these bytes; nil unless they are 1 to 1,024 bytes of valid UTF-8 without NUL.
    public init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard (1...Self.maximumLength).contains(bytes.count), !bytes.contains(0), bytes.isValidUTF8 else { return nil }
        self.bytes = bytes
    }

    /// A key of the text's UTF-8 bytes, under the same rules.
    public init?(_ text: some StringProtocol) {
        self.init(text.utf8)
    }

    /// The parts between slashes, including empty ones.
    public var segments: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    /// Whether the key begins with these bytes, which may end within a character.
    public func hasPrefix(_ prefix: some Collection<UInt8>) -> Bool {
        bytes.starts(with: prefix)
    }

    /// For messages and JSON; exact, because the bytes are valid UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension ObjectKey: Comparable {
    /// Byte order, the order of S3's listings.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension ObjectKey: CustomStringConvertible {
    /// The key as ``text``.
    public var description: String { text }
}

extension [UInt8] {
    /// Whether these bytes are well-formed UTF-8 (no overlong form, no surrogate).
    public var isValidUTF8: Bool {
        String(validating: self, as: UTF8.self) != nil
    }
}
