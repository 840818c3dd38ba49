/// The settings as text for people, made from ``Setting/all``.
public enum SettingsReference {
    /// The table of the README and of the reference page.
    public static var table: String {
        let rows = Setting.all.map { setting in
            "| `\(setting.name)` | \(cell(setting.defaultText)) | \(setting.meaning) |"
        }
        return (["| setting | default | meaning |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    /// The reference page, docs/configuration.md, as `tintype config --markdown` prints it.
    public static var page: String {
        let details = Setting.all.map { setting in
            "| `\(setting.name)` | `\(setting.key)` | \(setting.expected)\(setting.isSecret ? "; masked" : "") |"
        }
        return """
            # Configuration

            <!-- Made by `tintype config --markdown`, from Sources/TintypeSettings. A test compares the two. -->

            Every setting is an environment variable. The same settings may stand in a YAML file that is given with
            `--config FILE`, there in lower camel case: `S3_ENDPOINT_URL` is `s3EndpointUrl`. The environment wins over
            the file. An empty value counts as not set; an unknown or doubled key in the file is a fault.

            All settings are checked at start. If any is wrong the process prints one message that lists every fault
            (setting, value with secrets masked, what was expected) and exits with code 78. `tintype config` prints
            every setting with its default, its meaning and the value that holds.

            \(table)
            ## Names in the file, and what is taken

            | setting | in the file | value |
            |---|---|---|
            \(details.joined(separator: "\n"))

            ## Rules between settings

            - `STORAGE_TYPE=s3` needs a bucket name and both halves of a key pair. `S3_*` settings beside
              `STORAGE_TYPE=local` are checked and otherwise unused.
            - The key pair is `S3_ACCESS_KEY` and `S3_SECRET_KEY` where either of them is set, else
              `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, each with its own session token; never a mix.
            - `PORT` and `OPS_PORT` differ.
            - `HOST` is a loopback address, or `UNSAFE_ALLOW_ANONYMOUS_WRITES` is `true`: writes need no credential.
            - Access control is not in this version: if any of \(LaterSettings.names.map { "`\($0)`" }
            .joined(separator: ", ")) is set, the start fails, lest anybody believe that it protects something.

            """
    }

    /// Every setting with default, meaning and the value that holds, secrets masked, for a terminal.
    public static func effective(_ settings: Settings) -> String {
        Setting.all.map { setting in
            """
            \(setting.name)=\(setting.value(in: settings) ?? "")
                \(setting.meaning)
                default: \(setting.defaultText ?? "none"); in the file: \(setting.key)

            """
        }.joined(separator: "\n")
    }

    private static func cell(_ text: String?) -> String { text ?? "–" }
}
