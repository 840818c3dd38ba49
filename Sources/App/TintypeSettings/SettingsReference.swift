import AccessControl

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

            For people who configure Tintype: every setting, its default, its meaning, and which values it takes.

            Every setting is an environment variable. You can also put settings into a YAML file and give it with
            `--config FILE`. There the names are in lower camel case: `S3_ENDPOINT_URL` is `s3EndpointUrl`. The
            environment takes precedence over the file. An empty value counts as not set. An unknown or repeated key in
            the file is an error. If a variable's name differs from a setting's by a letter or two, the server warns at
            start.

            The server checks all settings at start. If any is wrong, it prints one message that lists every error
            (setting, value with secrets masked, what was expected) and exits with code 78. `tintype config` prints
            every setting with its default, its meaning and the value in effect.

            \(table)
            ## Names in the file, and allowed values

            | setting | in the file | value |
            |---|---|---|
            \(details.joined(separator: "\n"))

            ## Presets

            A preset is a name for parameters of a rendition. The parameters are written as in a query. The server
            checks them at start: an unknown, malformed or repeated parameter is an error here. In the environment:

            ```sh
            PRESETS='thumb:w=200&h=200&fit=cover&gravity=0.3,0.7,card:w=800&bg=%23fff'
            ```

            Entries have commas between them. A comma without a `NAME:` after it belongs to the value before it.
            Reserved characters are percent-encoded, as in a query. The same in the file, without encoding:

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

            - A name has 1 to 64 of `a-z`, `A-Z`, `0-9`, `-` and `_`.
            - `PRESETS` in the environment replaces all presets of the file.
            - `?preset=card` is the same as `?w=800&bg=%23fff`: one entry of the cache, one ETag.
            - A parameter next to the preset replaces the preset's own: `?preset=card&w=400&q=60`. A URL cannot remove
              a parameter of the preset.
            - A name that is not in the list is 400.
            - A preset contains no other preset and no `v`.

            ### Only presets: `RENDITION_MODE=presets`

            Everything else that asks for a rendition is 403 (`rendition_not_allowed`). Without any preset, no rendition
            is allowed at all. The URL may still have:

            - `v`, and parameters that mean nothing here
            - `dpr`, which is `1`, `2`, `3` or `4`, written like this

            The stored bytes are served in both modes.

            ### A list of sizes: `RENDITION_SIZES`

            - Each side of the box that the URL asks for, multiplied by `dpr`, becomes the next larger size of the list,
              or the largest if none is so large.
            - If the box is filled or padded (`cover`, `crop`, `pad`, `fill`), this happens to the longer side, and the
              shorter one follows in proportion.
            - `blur` and `sharpen` count in the pixels of the result.
            - The sides of presets are rounded too, so put the sizes of the presets into the list.
            - A rendition without `w` and `h` has the size of the original.
            - The list bounds how many widths one image has. It does not bound shapes, qualities and colours;
              `RENDITION_MODE=presets` does.

            ### Client hints: `CLIENT_HINTS`

            A browser's header fields replace parameters that the URL, and the preset in it, do not have; see
            docs/http.md. Widths are rounded by `RENDITION_SIZES`. If only presets are allowed, the server ignores
            widths, but takes densities, because a URL may choose these there too.

            ## Keys: `API_KEYS` and `URL_SIGNING_KEYS`

            docs/security.md says what an entry is, and how to make, change and revoke keys. In the environment, entries
            have commas between them:

            ```sh
            API_KEYS='shop:sha256=7c9d…:read write delete,crm:sha256=52f0…:read write:users/ teams/'
            ```

            In the file, a block has one entry on each line:

            ```yaml
            readAccess: protected
            apiKeysFile: /etc/tintype/keys
            urlSigningKeys: |
              # The first one signs.
              k2:6a1f…
              k1:90b3…
            ```

            The files that `API_KEYS_FILE` and `URL_SIGNING_KEYS_FILE` name have the same form. The server reads them
            each second. All other settings except the policies are read at start only.

            \(PolicyReference.section)

            ## Rules between settings

            - `STORAGE_TYPE=s3` needs a bucket name and both halves of a key pair. With `STORAGE_TYPE=local` the `S3_*`
              settings are checked but not used.
            - The key pair is `S3_ACCESS_KEY` and `S3_SECRET_KEY` if either of them is set, else `AWS_ACCESS_KEY_ID` and
              `AWS_SECRET_ACCESS_KEY`. Each pair has its own session token. The two are never mixed.
            - `PORT` and `OPS_PORT` must differ.
            - Credentials are configured if one of `API_KEYS`, `API_KEYS_FILE`, `JWT_HMAC_SECRET`, `JWT_HMAC_SECRETS_FILE`,
              `JWT_JWKS_FILE` and `JWT_JWKS_URL` is set. Without credentials, `HOST` must be a loopback address, or
              `UNSAFE_ALLOW_ANONYMOUS_WRITES` must be `true`. With credentials, that setting has no effect.
            - `READ_ACCESS=protected` needs credentials, or keys for signed URLs.
            - `JWT_JWKS_URL` needs `JWT_ISSUER` and `JWT_AUDIENCE`.
            - A setting and its file are used together: `API_KEYS` and `API_KEYS_FILE` are one list.
            - Some settings are for later versions: if any of \(LaterSettings.names.map { "`\($0)`" }
            .joined(separator: ", ")) is set, the server does not start, so that
              nobody believes in a protection.

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
            + (settings.policies.isEmpty ? "" : "\n" + PolicyReference.effective(settings.policies))
    }

    private static func cell(_ text: String?) -> String { text ?? "–" }
}
