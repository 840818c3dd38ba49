public import AccessControl

/// The policies as text for people.
public enum PolicyReference {
    /// The policies of settings, for a terminal: what each one says.
    public static func effective(_ policies: Policies) -> String {
        policies.all.map { policy in
            let lines = PolicyField.all.compactMap { field in
                field.value(in: policy.says).map { "    \(field.key): \($0.isEmpty ? "[]" : $0)\n" }
            }
            return "policy \(policy.prefix.text.debugDescription)\n" + lines.joined()
        }.joined(separator: "\n")
    }

    /// What holds for a path, and where each value comes from, for a terminal.
    public static func explanation(of path: [UInt8], _ settings: Settings) -> String {
        let chain = settings.policies.chain(for: path)
        let rows = PolicyField.all.map { field in
            for policy in chain {
                if let value = field.value(in: policy.says) {
                    return
                        "  \(field.key): \(value.isEmpty ? "[]" : value)  (policy \(policy.prefix.text.debugDescription))"
                }
            }
            guard let name = field.setting, let setting = Setting.all.first(where: { $0.name == name }) else {
                return "  \(field.key): no rule"
            }
            return "  \(field.key): \(setting.value(in: settings) ?? "")  (\(name))"
        }
        let policy = chain.first.map { "policy \($0.prefix.text.debugDescription)" } ?? "no policy; the settings hold"
        return (["\(String(decoding: path, as: UTF8.self).debugDescription): \(policy)"] + rows).joined(separator: "\n")
            + "\n"
    }

    /// The section of the reference page.
    static var section: String {
        let rows = PolicyField.all.map { field in
            "| `\(field.key)` | \(field.setting.map { "`\($0)`" } ?? "no rule") | \(field.meaning) | \(field.expected) |"
        }
        return """
            ## Policies by prefix: `policies`

            Policies are in the file only. Each one holds for a folder, which ends with a slash and is compared as bytes.
            `""` is everything:

            ```yaml
            policies:
              "": {types: [jpeg, png, webp], maxUploadBytes: 20000000}
              users/: {reads: protected, writers: ["subject:*"]}
              users/public/: {reads: public}
              shop/: {writers: [key:shop], renditions: presets, cacheControl: "public, max-age=60"}
              tmp/: {lifetime: 86400}
            ```

            The longest prefix decides. What its policy does not say comes from the next shorter prefix, and in the end
            from the settings. So here an upload to `users/public/` has at most 20,000,000 bytes, needs a token, and can
            be read by everybody.

            | key | if no policy says it | meaning | value |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            - At most \(Policies.maximumCount) policies. An unknown key, a value that is left out, or a limit above that of the
              settings is an error: the server does not start (exit code 78).
            - Apart from `reads: public`, a policy gives no right. Scopes and prefixes of the credential must permit the
              request, too.
            - The server warns at start if a policy locks everybody out, and names its prefix.
            - `tintype config --path users/7/a.jpg --as key:shop` shows which policy holds for a path, where each value
              comes from, and what a caller may do there.
            - The server reads the file each second. Only the policies change without a restart. If the file is wrong,
              the last good policies stay in force.

            docs/security.md says what policies protect, and what they do not.
            """
    }
}
