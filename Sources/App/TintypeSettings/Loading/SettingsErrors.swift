/// All errors in the settings, at once.
public struct SettingsErrors: Error, Sendable, Hashable {
    /// One wrong setting.
    public struct Item: Sendable, Hashable {
        /// The setting, as it is spelled where it came from; or the file.
        public let setting: String
        /// Masked if it is secret; nil if the error is that it is missing.
        public let value: String?
        /// What was expected, as the end of a sentence.
        public let expected: String

        /// One wrong setting; a secret must be masked by the caller.
        public init(setting: String, value: String?, expected: String) {
            self.setting = setting
            self.value = value
            self.expected = expected
        }
    }

    /// In the order of the table.
    public let items: [Item]

    /// EX_CONFIG of sysexits.h: the exit code of a process that cannot start with these settings.
    public static let exitCode: Int32 = 78
}

extension SettingsErrors: CustomStringConvertible {
    /// The message for the operator: one line per error, without secrets.
    public var description: String {
        let count = items.count == 1 ? "1 setting is wrong" : "\(items.count) settings are wrong"
        return (["\(count):"] + items.map { "  \($0)" }).joined(separator: "\n")
    }
}

extension SettingsErrors.Item: CustomStringConvertible {
    /// One line for the operator: the setting, its value as an escaped literal of at most 120 characters, and what was
    /// expected.
    public var description: String {
        // A value can contain anything, including line breaks and terminal escapes: it is shown as a literal, and cut.
        let shown = value.map { value in
            let short = value.unicodeScalars.count > 120 ? String(value.unicodeScalars.prefix(120)) + "…" : value
            return " is \(value == Secret.mask ? value : short.debugDescription)"
        }
        return "\(setting)\(shown ?? " is not set"): expected \(expected)"
    }
}
