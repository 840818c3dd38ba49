/// What a credential permits. No scope implies another one.
public struct Scopes: OptionSet, Sendable, Hashable {
    /// One bit for each scope.
    public let rawValue: UInt8

    /// Use the named scopes.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Read images, metadata and listings.
    public static let read = Scopes(rawValue: 1)
    /// Upload, replace and rotate images.
    public static let write = Scopes(rawValue: 2)
    /// Delete images.
    public static let delete = Scopes(rawValue: 4)
    /// See the state of the server, and what concerns other clients.
    public static let admin = Scopes(rawValue: 8)

    private static let all: [(name: String, scope: Scopes)] = [
        ("read", .read), ("write", .write), ("delete", .delete), ("admin", .admin),
    ]

    /// The scope of this name; nil if no scope has it.
    public static func named(_ name: some StringProtocol) -> Scopes? {
        all.first { $0.name == name }?.scope
    }

    /// The scopes that a text names, separated by spaces. Unknown words are ignored, as RFC 6749 allows in tokens.
    public init(parsing text: some StringProtocol) {
        self = []
        for word in text.split(separator: " ") {
            if let scope = Self.named(word) { insert(scope) }
        }
    }

    /// The names, in a fixed order.
    public var names: [String] {
        Self.all.filter { contains($0.scope) }.map(\.name)
    }
}
