import AccessControl

/// Rules between policies and settings: no policy lifts a limit of the settings, and the presets exist.
enum PolicyChecks {
    typealias Item = SettingsErrors.Item

    /// - Parameter isSound: whether a setting, by its name, was read without an error. If not, its default would
    ///   mislead.
    static func errors(in policies: Policies, _ settings: Settings, isSound: (String) -> Bool = { _ in true }) -> [Item]
    {
        var errors: [Item] = []
        let presets = Set(settings.presets.map(\.name))
        for policy in policies.all {
            let limits = [
                ("maxUploadBytes", policy.says.maximumUploadBytes, "MAX_UPLOAD_BYTES", settings.maxUploadBytes),
                ("maxPixels", policy.says.maximumPixels, "MAX_IMAGE_PIXELS", settings.maxImagePixels),
            ]
            for (key, value, setting, limit) in limits where isSound(setting) {
                guard let value, value > limit else { continue }
                errors.append(
                    Item(
                        setting: PolicyFile.name(policy.prefix, key), value: String(value),
                        expected: "at most \(setting), which is \(limit)"))
            }
            guard case .presets(let names?) = policy.says.renditions, isSound("PRESETS") else { continue }
            for name in names where !presets.contains(name) {
                errors.append(
                    Item(
                        setting: PolicyFile.name(policy.prefix, "renditions"), value: name,
                        expected: "any, presets, or names of PRESETS"))
            }
        }
        return errors
    }
}
