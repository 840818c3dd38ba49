/// Settings that protect something, and that this version does not have.
///
/// They are rejected and not ignored: an operator who sets one believes that it is in force.
enum LaterSettings {
    static let names = [
        "CLAMD_ADDRESS", "READ_ONLY", "STORAGE_QUOTA_BYTES", "TLS_CERT_FILE", "TLS_KEY_FILE",
    ]

    static func errors(in source: SettingSource) -> [SettingsErrors.Item] {
        names.compactMap { name in
            source.value(of: name).map { value in
                SettingsErrors.Item(
                    setting: value.spelling, value: Secret.mask,
                    expected: "not to be set: this version does not have it")
            }
        }
    }
}
