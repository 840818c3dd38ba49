/// A text that must not be printed: neither interpolation nor a dump of its owner shows it.
public struct Secret: Sendable, Hashable {
    /// The text itself. For code that signs or compares, never for a log.
    public let revealed: String

    /// Hides the text from now on.
    public init(_ text: String) {
        revealed = text
    }

    /// Replaces every secret in output.
    public static let mask = "***"
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always ``mask``.
    public var description: String { Self.mask }
    /// Always ``mask``.
    public var debugDescription: String { Self.mask }
    /// Has no children, so that `dump` does not show the text.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
