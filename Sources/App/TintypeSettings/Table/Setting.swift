/// One setting: its names, meaning, allowed values, and property in ``Settings``.
///
/// Parsing, `tintype config`, the reference page and the README's table all use these; there is no second list of
/// settings.
public struct Setting: Sendable {
    /// The environment variable.
    public let name: String
    /// Markdown, on one line.
    public let meaning: String
    /// What a value must be, as the end of a sentence that begins with "expected".
    public let expected: String
    /// Whether its value is masked wherever it is shown.
    public let isSecret: Bool
    /// How the file may spell it.
    let shape: FileShape
    /// The environment variables that are read if this setting is not set.
    let fallbacks: [String]
    /// Shown for a default that is not a fixed value.
    private let defaultNote: String?

    private let assign: @Sendable (String, inout Settings) -> Bool
    private let read: @Sendable (Settings) -> String?

    init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Settings, Value> & Sendable, _ kind: SettingKind<Value>,
        default note: String? = nil, fallbacks: [String] = [], isSecret: Bool = false, _ meaning: String
    ) {
        self.name = name
        self.meaning = meaning
        self.isSecret = isSecret
        self.fallbacks = fallbacks
        expected = kind.expected
        shape = kind.shape
        defaultNote = note
        assign = { text, settings in
            guard let value = kind.parse(text) else { return false }
            settings[keyPath: path] = value
            return true
        }
        read = { settings in kind.render(settings[keyPath: path]) }
    }

    /// The key in the YAML file: the name in lower camel case, `S3_ENDPOINT_URL` as `s3EndpointUrl`.
    public var key: String { Self.key(of: name) }

    /// The default in words: a value, or its description; nil if there is none.
    public var defaultText: String? { defaultNote ?? read(Settings()) }

    /// The effective value in `settings`, secrets masked; nil if nothing is set and there is no default.
    public func value(in settings: Settings) -> String? { read(settings) ?? defaultNote }

    /// - Returns: false if the text is not valid; `settings` is then unchanged.
    func set(_ text: String, in settings: inout Settings) -> Bool { assign(text, &settings) }

    static func key(of name: String) -> String {
        let words = name.split(separator: "_").map { $0.lowercased() }
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
