public import Logging

/// The content of one log line, before it is formatted.
public struct LogLine: Sendable {
    /// When the event happened.
    public let time: LogTime
    /// The event's level.
    public let level: Logger.Level
    /// The logger's label.
    public let logger: String
    /// Cut after 4,096 bytes, with `…` in place of the rest.
    public let message: String
    /// Flattened: a nested dictionary is `outer.inner`, an array `outer.0`. Sorted by key.
    public let fields: [(key: String, value: Value)]

    /// A value whose type a format may keep.
    public enum Value: Sendable, Hashable {
        /// Escaped, and quoted if the format needs it.
        case text(String)
        /// A number in JSON.
        case integer(Int64)
        /// `true` or `false` in JSON.
        case flag(Bool)
    }

    /// Longer messages and values are cut: a line is for people and machines that read many of them.
    static let longestText = 4096
    /// More deeply nested metadata are written as one text.
    private static let deepest = 4

    init(time: LogTime, level: Logger.Level, logger: String, message: String, metadata: Logger.Metadata) {
        self.time = time
        self.level = level
        self.logger = logger
        self.message = Self.cut(message)
        var fields: [(key: String, value: Value)] = []
        for (key, value) in metadata {
            Self.flatten(value, key, depth: 1, into: &fields)
        }
        self.fields = fields.sorted { $0.key < $1.key }
    }

    private static func flatten(
        _ value: Logger.MetadataValue, _ key: String, depth: Int, into fields: inout [(key: String, value: Value)]
    ) {
        switch value {
        case .string(let text):
            fields.append((key, .text(cut(text))))
        case .stringConvertible(let value):
            fields.append((key, scalar(value)))
        case .dictionary(let members) where depth < deepest:
            for (inner, value) in members { flatten(value, "\(key).\(inner)", depth: depth + 1, into: &fields) }
        case .array(let items) where depth < deepest:
            for (index, value) in items.enumerated() {
                flatten(value, "\(key).\(index)", depth: depth + 1, into: &fields)
            }
        default:
            fields.append((key, .text(cut(String(describing: value)))))
        }
    }

    private static func scalar(_ value: any CustomStringConvertible & Sendable) -> Value {
        if let flag = value as? Bool { return .flag(flag) }
        if let number = value as? any BinaryInteger, let exact = Int64(exactly: number) { return .integer(exact) }
        return .text(cut(value.description))
    }

    static func cut(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        // Substrings begin and end between scalars: an index within a scalar is rounded down.
        return String(Substring(text.utf8.prefix(longestText))) + "…"
    }
}
