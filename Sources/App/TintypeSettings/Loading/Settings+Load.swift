extension Settings {
    /// The settings of an environment and a file; the environment wins.
    ///
    /// - Parameters:
    ///   - environment: every variable of the process; unknown ones are not ours and are ignored.
    ///   - file: the path of a YAML file, or nil.
    ///   - check: checks for which this module knows too little, such as the meaning of a preset.
    /// - Throws: ``SettingsErrors`` with all errors at once.
    public static func load(
        environment: [String: String], file: String?
    ) throws(SettingsErrors) -> Settings {
        guard let file else { return try load(environment: environment, yaml: "", path: "") }
        switch SettingsFile.read(file) {
        case .success(let yaml):
            var settings = try load(environment: environment, yaml: yaml, path: file)
            settings.file = LoadedFile(path: file, yaml: yaml)
            return settings
        // Together with the errors of the environment: the operator should not have to try twice.
        case .failure(let error):
            return try load(environment: environment, yaml: "", path: file, errors: [error.item])
        }
    }

    /// The same with the file's text.
    static func load(
        environment: [String: String], yaml: String, path: String, errors early: [SettingsErrors.Item] = []
    ) throws(SettingsErrors) -> Settings {
        let contents = SettingsFile.parse(yaml, path: path)
        let source = SettingSource(environment: environment, file: contents.values)
        var settings = Settings()
        settings.policies = contents.policies
        var wrong: Set<String> = []
        var errors = early + contents.errors

        let pairs = CredentialFamily.chosen(in: source)
        for setting in Setting.all {
            guard let value = pairs.value(of: setting, in: source) else { continue }
            guard !setting.set(value.text, in: &settings) else { continue }
            wrong.insert(setting.name)
            errors.append(
                SettingsErrors.Item(
                    setting: value.spelling, value: setting.shown(value.text), expected: setting.expected))
        }
        errors += LaterSettings.errors(in: source)
        // A setting that is wrong is not also missing: its default is used, and further checks would mislead.
        errors += SettingChecks.errors(in: settings).filter { !wrong.contains($0.setting) }
        errors += PolicyChecks.errors(in: contents.policies, settings) { !wrong.contains($0) }
        guard errors.isEmpty else { throw SettingsErrors(items: errors) }
        return settings
    }
}

extension Setting {
    /// A value as an error may show it. A URL with an `@` or a query may contain a secret.
    fileprivate func shown(_ text: String) -> String {
        isSecret || (name.hasSuffix("_URL") && text.contains { "@?".contains($0) }) ? Secret.mask : text
    }
}
