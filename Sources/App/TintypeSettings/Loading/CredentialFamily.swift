/// Which set of variables the S3 credentials come from. A key of one set with a secret of the other would never match,
/// so a set is taken as a whole: ours if any part of it is set, else that of the AWS tools.
enum CredentialFamily {
    case own, aws

    private static let awsNames = [
        "S3_ACCESS_KEY": "AWS_ACCESS_KEY_ID",
        "S3_SECRET_KEY": "AWS_SECRET_ACCESS_KEY",
        "S3_SESSION_TOKEN": "AWS_SESSION_TOKEN",
    ]

    static func chosen(in source: SettingSource) -> CredentialFamily {
        awsNames.keys.contains { source.value(of: $0) != nil } ? .own : .aws
    }

    /// The text of a setting, from its own name or a substitute.
    func value(of setting: Setting, in source: SettingSource) -> SettingSource.Value? {
        if self == .aws, let name = Self.awsNames[setting.name] {
            return source.environmentValue(of: name)
        }
        if let value = source.value(of: setting.name) { return value }
        return setting.fallbacks.lazy.compactMap { source.environmentValue(of: $0) }.first
    }
}
