import Configuration

/// Where the text of a setting may stand: the environment first, then the file.
///
/// Two providers of swift-configuration, asked one after the other. Its `ConfigReader` is left out on purpose: it reads
/// the process's environment by itself (CONFIG_ACCESS_LOG_FILE), and it turns a value that it cannot convert into the
/// default, where ours must stop the start. Types are left out too: every value is asked for as text, since the table
/// in ``Setting`` knows ranges and units.
struct SettingSource {
    struct Value {
        let text: String
        /// The setting as it is spelled where this value stands.
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

    /// What is set for a setting of this name. An empty text counts as not set: that is what compose files and
    /// manifests make of a variable that is not there.
    func value(of name: String) -> Value? {
        if let value = environmentValue(of: name) { return value }
        let key = Setting.key(of: name)
        return text(in: file, AbsoluteConfigKey([key])).map { Value(text: $0, spelling: "\(key) in the file") }
    }

    /// What only the environment may hold: the AWS_* variables.
    func environmentValue(of name: String) -> Value? {
        // The name is its own key. The library would make S3ENDPOINT_URL of s3EndpointUrl, since it sees a new word
        // only where a lower-case letter meets an upper-case one.
        text(in: environment, AbsoluteConfigKey([name])).map { Value(text: $0, spelling: name) }
    }

    private func text(in provider: some ConfigProvider, _ key: AbsoluteConfigKey) -> String? {
        // Asked for as a string neither provider throws: both hold nothing but strings.
        guard case .string(let text) = try? provider.value(forKey: key, type: .string).value?.content else {
            return nil
        }
        return text.isEmpty ? nil : text
    }
}
