/// A text that must not be printed: neither interpolation nor a dump of what holds it shows it.
public struct Secret: Sendable, Hashable {
    /// The text itself. To be handed on to what signs or compares, never to a log.
    public let revealed: String

    /// Hides the text from now on.
    public init(_ text: String) {
        revealed = text
    }

    /// What stands for every secret in output.
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
