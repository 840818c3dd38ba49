/// The settings as text for people, generated from ``Setting/all``.
public enum SettingsReference {
    /// The table of the README and of the reference page.
    public static var table: String {
        let rows = Setting.all.map { setting in
            "| `\(setting.name)` | \(cell(setting.defaultText)) | \(setting.meaning) |"
        }
        return (["| setting | default | meaning |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    /// The reference page, docs/configuration.md, as printed by `tintype config --markdown`.
    public static var page: String {
        let details = Setting.all.map { setting in
            "| `\(setting.name)` | `\(setting.key)` | \(setting.expected)\(setting.isSecret ? "; masked" : "") |"
        }
        return """
            # Configuration

            <!-- Made by `tintype config --markdown`, from Sources/App/TintypeSettings. A test compares the two. -->

            Every setting is an environment variable. The same settings may stand in a YAML file that is given with
            `--config FILE`, there in lower camel case: `S3_ENDPOINT_URL` is `s3EndpointUrl`. The environment wins over
            the file. An empty value counts as not set; an unknown or doubled key in the file is a fault.
            A variable whose name differs from a setting's by a letter or two is told in a warning at start.

            All settings are checked at start. If any is wrong the process prints one message that lists every fault
            (setting, value with secrets masked, what was expected) and exits with code 78. `tintype config` prints
            every setting with its default, its meaning and the value that holds.

            \(table)
            ## Names in the file, and what is taken

            | setting | in the file | value |
            |---|---|---|
            \(details.joined(separator: "\n"))

            ## Presets

            A preset is a name for parameters of a rendition. They are spelled as in a query, and checked at start by
            what reads queries: an unknown, malformed or doubled parameter is a fault here. In the environment:

            ```sh
            PRESETS='thumb:w=200&h=200&fit=cover&gravity=0.3,0.7,card:w=800&bg=%23fff'
            ```

            Entries have commas between them; a comma behind which no `NAME:` follows belongs to the value before it.
            Reserved characters are percent-encoded, as in a query. The same in the file, where nothing is encoded:

            ```yaml
            presets:
              thumb:
                w: 200
                h: 200
                fit: cover
                gravity: "0.3,0.7"
              card: {w: 800, bg: "#fff"}
            renditionMode: any
            renditionSizes: [160, 320, 640, 1280]
            clientHints: [dpr, width, save-data]
            ```

            A name is 1 to 64 of `a-z`, `A-Z`, `0-9`, `-` and `_`. `PRESETS` in the environment takes the place of all
            presets of the file.

            `?preset=card` is the same as `?w=800&bg=%23fff`: one entry of the cache, one ETag. A parameter beside the
            preset takes the place of the preset's own: `?preset=card&w=400&q=60`; none can be taken away. A name that
            there is none of is 400. A preset holds no other preset and no `v`.

            With `RENDITION_MODE=presets` everything else that asks for a rendition is 403
            (`rendition_not_allowed`), and without any preset no rendition may be asked for at all. `v` and parameters
            that mean nothing here may stand in the URL as ever; `dpr` may be `1`, `2`, `3` or `4`, spelled so. The
            stored bytes are served in both modes.

            With `RENDITION_SIZES` the sides of the box that is asked for, `dpr` multiplied in, become the next larger
            size of the list, or the largest where none is so large. Where the box is filled or padded (`cover`, `crop`,
            `pad`, `fill`), the longer side does, and the shorter one follows in proportion. `blur` and `sharpen` count
            in the pixels of what is rendered.
            The sides of presets too: a list best holds the sizes that presets have. A rendition without `w` and `h`
            has the size of the original. The list bounds how many widths one picture has; shapes, qualities and
            colours it does not bound, `RENDITION_MODE=presets` does.

            With `CLIENT_HINTS` a browser's header fields stand in for parameters that the URL, and the preset in it, do
            not have; see docs/http.md. Widths are snapped to `RENDITION_SIZES`, and where only presets may be asked for
            they are not heeded; densities are, which may be chosen there too.

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

    /// Every setting with default, meaning and effective value, secrets masked, for a terminal.
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
