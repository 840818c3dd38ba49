import AccessControl
import ImageRequests

/// Rules between settings. Each check is one rule and returns its errors.
enum SettingChecks {
    typealias Item = SettingsErrors.Item

    static func errors(in settings: Settings) -> [Item] {
        ports(settings) + anonymousWrites(settings) + keys(settings) + readers(settings) + tokens(settings)
            + proxyProtocol(settings)
            + presetNames(settings) + presets(settings) + (settings.storageType == .s3 ? s3(settings.s3) : [])
    }

    private static func ports(_ settings: Settings) -> [Item] {
        guard settings.port == settings.opsPort, settings.port != 0 else { return [] }
        return [Item(setting: "OPS_PORT", value: String(settings.opsPort), expected: "another port than PORT")]
    }

    /// Without credentials, only the listener's address protects the images.
    private static func anonymousWrites(_ settings: Settings) -> [Item] {
        guard !settings.hasCredentials, !settings.host.isLoopback, !settings.unsafeAllowAnonymousWrites else {
            return []
        }
        return [
            Item(
                setting: "HOST", value: settings.host.text,
                expected: "a loopback address (127.0.0.1, ::1, localhost), since writes need no credential; or "
                    + "API_KEYS, API_KEYS_FILE (`tintype key` makes a key) or JWT_*; or "
                    + "UNSAFE_ALLOW_ANONYMOUS_WRITES=true to let everybody who reaches this address write")
        ]
    }

    private static func keys(_ settings: Settings) -> [Item] {
        var errors: [Item] = []
        func check(_ name: String, _ text: Secret?, _ read: (String) throws(KeyListError) -> Void) {
            guard let text else { return }
            do throws(KeyListError) {
                try read(text.revealed)
            } catch {
                errors.append(
                    Item(setting: name, value: Secret.mask, expected: "a list of keys, but \(error.description)"))
            }
        }
        check("API_KEYS", settings.apiKeys) { text throws(KeyListError) in _ = try APIKeys(parsing: text) }
        check("URL_SIGNING_KEYS", settings.urlSigningKeys) { text throws(KeyListError) in
            _ = try SigningKeys(parsing: text)
        }
        return errors
    }

    /// Whoever else uses the same issuer of tokens must not get in with them.
    private static func tokens(_ settings: Settings) -> [Item] {
        var errors: [Item] = []
        if settings.jwksURL != nil {
            for (name, value) in [("JWT_ISSUER", settings.jwtIssuer), ("JWT_AUDIENCE", settings.jwtAudience)]
            where value == nil {
                errors.append(Item(setting: name, value: nil, expected: "a value, because JWT_JWKS_URL is set"))
            }
        }
        for (name, value) in [("JWT_ISSUER", settings.jwtIssuer), ("JWT_AUDIENCE", settings.jwtAudience)]
        where value != nil && !settings.hasTokens {
            errors.append(
                Item(
                    setting: name, value: value,
                    expected: "JWT_HMAC_SECRET, JWT_HMAC_SECRETS_FILE, JWT_JWKS_FILE or JWT_JWKS_URL beside it"))
        }
        if let secret = settings.jwtSecret, secret.revealed.utf8.count < TokenSecret.minimumLength {
            errors.append(
                Item(
                    setting: "JWT_HMAC_SECRET", value: Secret.mask,
                    expected: "at least \(TokenSecret.minimumLength) bytes"))
        }
        return errors
    }

    /// Without proxies, no connection would have a header.
    private static func proxyProtocol(_ settings: Settings) -> [Item] {
        guard settings.proxyProtocol, settings.trustedProxies.isEmpty else { return [] }
        return [
            Item(
                setting: "TRUSTED_PROXIES", value: nil,
                expected: "the addresses of the proxies, because PROXY_PROTOCOL is true")
        ]
    }

    private static func readers(_ settings: Settings) -> [Item] {
        guard settings.readAccess == .protected, !settings.hasCredentials, !settings.hasSigningKeys else { return [] }
        return [
            Item(
                setting: "READ_ACCESS", value: settings.readAccess.rawValue,
                expected: "API_KEYS, JWT_* or URL_SIGNING_KEYS (or their files) beside it, because nobody "
                    + "could read anything")
        ]
    }

    /// The file cannot contain a name twice, but the environment can.
    private static func presetNames(_ settings: Settings) -> [Item] {
        var seen: Set<String> = []
        return settings.presets.filter { !seen.insert($0.name).inserted }.map {
            Item(setting: "PRESETS", value: $0.name, expected: "every name once")
        }
    }

    private static func presets(_ settings: Settings) -> [Item] {
        settings.presets.compactMap { text in
            guard RenditionPreset.isName(text.name) else {
                return Item(setting: "PRESETS", value: text.name, expected: "a name of \(RenditionPreset.nameRule)")
            }
            do throws(RenditionPreset.PresetError) {
                _ = try RenditionPreset(parameters: text.parameters)
                return nil
            } catch {
                return Item(
                    setting: "PRESETS, \(text.name)", value: text.parameters,
                    expected: "parameters of a rendition, but: \(error.reason)")
            }
        }
    }

    private static func s3(_ s3: S3Settings) -> [Item] {
        var errors: [Item] = []
        if s3.bucket == nil {
            errors.append(Item(setting: "S3_BUCKET_NAME", value: nil, expected: "a bucket name for STORAGE_TYPE=s3"))
        }
        if s3.accessKey == nil {
            errors.append(
                Item(setting: "S3_ACCESS_KEY", value: nil, expected: "it or AWS_ACCESS_KEY_ID for STORAGE_TYPE=s3"))
        }
        if s3.secretKey == nil {
            errors.append(
                Item(
                    setting: "S3_SECRET_KEY", value: nil, expected: "it or AWS_SECRET_ACCESS_KEY for STORAGE_TYPE=s3"))
        }
        return errors
    }
}
