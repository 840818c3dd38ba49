import AccessControl

extension SettingKind<RateLimitRules> {
    static var rateLimits: Self {
        Self(
            expected: RateLimitRules.form,
            parse: { RateLimitRules(parsing: $0) },
            render: { $0.text },
            shape: .pairs
        )
    }
}

extension SettingKind<[IPNetwork]> {
    /// Networks separated by commas.
    static var networks: Self {
        Self(
            expected: IPNetwork.form,
            parse: { text in
                let pieces = text.split(separator: ",", omittingEmptySubsequences: false)
                let networks = pieces.compactMap { piece in
                    IPNetwork(String(piece.trimmingPrefix(" ")))
                }
                return networks.count == pieces.count ? networks : nil
            },
            render: { $0.isEmpty ? nil : $0.map(\.text).joined(separator: ",") },
            shape: .list
        )
    }
}
