import Configuration

/// Where the text of a setting may be: in the environment first, then in the file.
///
/// It uses two providers of swift-configuration, one after the other. Its `ConfigReader` is not used: it reads the
/// process's environment by itself (CONFIG_ACCESS_LOG_FILE), and replaces a value that it cannot convert by the
/// default, which must stop our start. Its types are not used either: every value is read as text, because the table in
/// ``Setting`` knows ranges and units.
struct SettingSource {
    struct Value {
        let text: String
        /// The setting's name, as spelled in the place of this value.
        let spelling: String
    }

    private let environment: EnvironmentVariablesProvider
    private let file: InMemoryProvider

    /// - Parameter file: values by their keys in lower camel case.
    init(environment: [String: String], file: [String: String]) {
        self.environment = EnvironmentVariablesProvider(environmentVariables: environment)
        let pairs = file.map { key, text in
            (AbsoluteConfigKey([key]), ConfigValue(.string(text), isSecret: false))
        }
        self.file = InMemoryProvider(name: "file", values: Dictionary(pairs) { first, _ in first })
    }

    /// The value of a setting of this name. An empty text counts as not set: compose files and manifests make it from a
    /// variable that does not exist.
    func value(of name: String) -> Value? {
        if let value = environmentValue(of: name) { return value }
        let key = Setting.key(of: name)
        return text(in: file, AbsoluteConfigKey([key])).map { Value(text: $0, spelling: "\(key) in the file") }
    }

    /// A value that only the environment may contain: the AWS_* variables.
    func environmentValue(of name: String) -> Value? {
        // The name is its own key. The library would make S3ENDPOINT_URL of s3EndpointUrl, because it sees a new word
        // only between a lower-case and an upper-case letter.
        text(in: environment, AbsoluteConfigKey([name])).map { Value(text: $0, spelling: name) }
    }

    private func text(in provider: some ConfigProvider, _ key: AbsoluteConfigKey) -> String? {
        // Neither provider throws for a string: both contain only strings.
        guard case .string(let text) = try? provider.value(forKey: key, type: .string).value?.content else {
            return nil
        }
        return text.isEmpty ? nil : text
    }
}
