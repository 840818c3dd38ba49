import AccessControl
import Logging
import Metrics
import NIOPosix
import ServiceLifecycle
import TintypeSettings

/// Reads the files of keys and the policies of the settings file, at the start and then each second, so that they
/// change without a restart. Kubernetes swaps symbolic links, which a watch on the file does not see.
struct CredentialFiles: Service {
    private let files: [WatchedFile]
    /// The texts that are in force.
    private let texts: [String]
    private let logger: Logger

    private static let interval = Duration.seconds(1)
    /// A larger file is an error.
    private static let maximumBytes = 1 << 20

    private enum Kind: Sendable {
        case keys, policies
    }

    /// One file, and what happens with a new text.
    private struct WatchedFile: Sendable {
        var setting: String
        var path: String
        /// What the file has.
        var kind = Kind.keys
        var apply: @Sendable (String) async throws -> Void
    }

    /// - Parameter tokens: the keys of tokens; nil: no tokens are configured.
    /// - Throws: ``StartError`` if a file cannot be read, or is wrong.
    init(
        _ settings: Settings, access: AccessControl, tokens: TokenKeySource?, logger: Logger
    ) async throws(StartError) {
        var files: [WatchedFile] = []
        func watch(_ setting: String, _ path: String?, _ apply: @escaping @Sendable (String) async throws -> Void) {
            if let path { files.append(WatchedFile(setting: setting, path: path, apply: apply)) }
        }
        watch("API_KEYS_FILE", settings.apiKeysFile) { text in
            access.replace(apiKeys: try APIKeys(parsing: settings.list(\.apiKeys) + text))
        }
        watch("URL_SIGNING_KEYS_FILE", settings.urlSigningKeysFile) { text in
            access.replace(signingKeys: try SigningKeys(parsing: settings.list(\.urlSigningKeys) + text))
        }
        watch("JWT_HMAC_SECRETS_FILE", settings.jwtSecretsFile) { text in
            tokens?.replace(secrets: try await TokenKeys(settings.jwtSecret, lines: text))
        }
        watch("JWT_JWKS_FILE", settings.jwksFile) { text in
            let keys = try await TokenKeys(jwks: Array(text.utf8))
            tokens?.replace(fileKeys: keys)
            Self.note(passedOver: keys.passedOver, "JWT_JWKS_FILE", logger)
        }
        if let file = settings.file {
            let policies = WatchedFile(setting: "policies", path: file.path, kind: .policies) { text in
                let change = try file.change(text, settings, hasPolicies: !access.policies.isEmpty)
                if !change.otherKeys.isEmpty {
                    logger.warning(
                        "the settings file has changed in more than the policies, which needs a restart",
                        metadata: ["file": "\(file.path)", "keys": "\(change.otherKeys.joined(separator: ", "))"])
                }
                guard change.policies != access.policies else { return }
                access.replace(policies: change.policies)
                access.logLockouts(to: logger)
            }
            files.append(policies)
        }
        var texts: [String] = []
        for file in files {
            do {
                let text = try Self.read(file.path)
                try await file.apply(text)
                texts.append(text)
            } catch {
                throw StartError("\(file.setting)=\(file.path): \(error)")
            }
        }
        self.files = files
        self.texts = texts
        self.logger = logger
    }

    func run() async throws {
        guard !files.isEmpty else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            var looks = texts.map { Look(judged: $0) }
            while (try? await Task.sleep(for: Self.interval)) != nil {
                for (index, file) in files.enumerated() { await check(file, &looks[index]) }
            }
        }
    }

    /// What was found in a file.
    private struct Look {
        /// The text, or the error, that was judged last.
        var judged: String
        /// A new text of policies, which may be half written.
        var unsettled: String?
    }

    private func check(_ file: WatchedFile, _ look: inout Look) async {
        let text: String
        do {
            text = try await NIOThreadPool.singleton.runIfActive { try Self.read(file.path) }
        } catch {
            let error = "\(error)"
            if error != look.judged { note(error, of: file) }
            look.judged = error
            return
        }
        guard text != look.judged else { return look.unsettled = nil }
        // A list of keys that is cut off lets fewer people in, and one of policies may let in more.
        if file.kind == .policies, text != look.unsettled { return look.unsettled = text }
        look = Look(judged: text)
        do {
            try await file.apply(text)
        } catch {
            return note("\(error)", of: file)
        }
        Self.counter(file, "ok").increment()
        switch file.kind {
        case .keys: logger.notice("keys were reloaded", metadata: ["setting": "\(file.setting)"])
        case .policies: logger.notice("the policies were reloaded", metadata: ["file": "\(file.path)"])
        }
    }

    /// The keys of the last good file stay. The error names no key.
    private func note(_ error: String, of file: WatchedFile) {
        Self.counter(file, "error").increment()
        let metadata: Logger.Metadata = [
            "setting": "\(file.setting)", "file": "\(file.path)", "error": "\(error)",
        ]
        switch file.kind {
        case .keys: logger.error("keys cannot be reloaded, the last good ones stay in force", metadata: metadata)
        case .policies:
            logger.error("the policies cannot be reloaded, the last good ones stay in force", metadata: metadata)
        }
    }

    private static func counter(_ file: WatchedFile, _ result: String) -> Counter {
        Counter(
            label: "tintype_key_reloads_total", dimensions: [("setting", file.setting), ("result", result)])
    }

    /// Keys that an operator may expect to work.
    private static func note(passedOver reasons: [UnusableKey], _ setting: String, _ logger: Logger) {
        guard !reasons.isEmpty else { return }
        let counts = Dictionary(grouping: reasons, by: \.rawValue).mapValues(\.count).sorted { $0.key < $1.key }
        logger.warning(
            "keys of a JWK set are passed over",
            metadata: [
                "setting": "\(setting)", "keys": "\(reasons.count)",
                "reasons": "\(counts.map { "\($0.value) \($0.key)" }.joined(separator: "; "))",
            ])
    }

    private static func read(_ path: String) throws -> String {
        let bytes = try BoundedFile.read(path, atMost: maximumBytes)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw StartError("not UTF-8") }
        return text
    }
}

extension AccessControl {
    /// Tells the operator of policies under which nobody can read or write.
    func logLockouts(to logger: Logger) {
        for lockout in lockouts {
            logger.warning(
                "a policy locks everybody out",
                metadata: ["prefix": "\(lockout.prefix.text)", "reason": "\(lockout.reason)"])
        }
    }
}

extension Settings {
    /// A list from the environment, as the beginning of a longer one.
    fileprivate func list(_ path: KeyPath<Settings, Secret?>) -> String {
        self[keyPath: path].map { $0.revealed + "\n" } ?? ""
    }
}

extension TokenKeys {
    /// - Parameters:
    ///   - secret: of the environment, as it is.
    ///   - lines: of a file: one secret on each line, without empty lines.
    /// - Throws: ``StartError``, which names the line.
    init(_ secret: Secret?, lines: String = "") async throws(StartError) {
        var secrets: [TokenSecret] = []
        let texts = [secret?.revealed].compactMap { $0 } + lines.split(whereSeparator: \.isNewline).map(String.init)
        for (place, text) in texts.enumerated() {
            do {
                secrets.append(try TokenSecret(text))
            } catch {
                throw StartError("secret \(place + 1): expected at least \(TokenSecret.minimumLength) bytes")
            }
        }
        await self.init(hmacSecrets: secrets)
    }
}
