/// Settings for access control, which this version does not have.
///
/// They are rejected and not ignored: an operator who sets a key believes that the server requires it.
enum LaterSettings {
    static let names = [
        "API_KEYS", "JWT_HMAC_SECRET", "JWT_JWKS_FILE", "JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE", "READ_ACCESS",
        "URL_SIGNING_KEYS",
    ]

    static func errors(in source: SettingSource) -> [SettingsErrors.Item] {
        names.compactMap { name in
            source.value(of: name).map { value in
                SettingsErrors.Item(
                    setting: value.spelling, value: Secret.mask,
                    expected: "not to be set: access control is not in this version")
            }
        }
    }
}
