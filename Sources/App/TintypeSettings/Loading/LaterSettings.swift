/// Settings of tokens, which this version does not have.
///
/// They are rejected and not ignored: an operator who sets a key believes that the server requires it.
enum LaterSettings {
    static let names = [
        "JWT_HMAC_SECRET", "JWT_HMAC_SECRETS_FILE", "JWT_JWKS_FILE", "JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE",
    ]

    static func errors(in source: SettingSource) -> [SettingsErrors.Item] {
        names.compactMap { name in
            source.value(of: name).map { value in
                SettingsErrors.Item(
                    setting: value.spelling, value: Secret.mask,
                    expected: "not to be set: tokens are not in this version")
            }
        }
    }
}
