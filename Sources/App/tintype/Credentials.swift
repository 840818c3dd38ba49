import AccessControl
import Logging
import NIOPosix
import ServiceLifecycle
import TintypeSettings

/// The credentials and policies of the settings and their files, and what keeps them fresh.
struct Credentials {
    let access: AccessControl
    private let files: CredentialFiles
    private let tokens: TokenKeySource?
    private let download: KeySetDownload?

    /// Nil if no credential and no key for signed URLs is configured, and there is no file that has policies, or may
    /// have them later.
    ///
    /// - Throws: ``StartError`` if a file is wrong.
    init?(_ settings: Settings, logger: Logger) async throws(StartError) {
        guard settings.hasCredentials || settings.hasSigningKeys || settings.file != nil else { return nil }
        if let url = settings.jwksURL, !url.isEncrypted {
            logger.warning(
                "JWT_JWKS_URL is not https: whoever is on the way can make keys", metadata: ["host": "\(url.host)"])
        }
        download = settings.jwksURL.map { KeySetDownload($0, eventLoopGroup: .singletonMultiThreadedEventLoopGroup) }
        tokens =
            settings.hasTokens
            ? TokenKeySource(
                secrets: try await TokenKeys(settings.jwtSecret), remote: download?.keySet,
                logger: logger)
            : nil
        do throws(KeyListError) {
            access = AccessControl(
                apiKeys: try APIKeys(parsing: settings.apiKeys?.revealed ?? ""),
                signingKeys: try SigningKeys(parsing: settings.urlSigningKeys?.revealed ?? ""),
                signer: URLSigner(settings),
                tokens: tokens.map { keys in
                    TokenAccess(
                        TokenAuthenticator(
                            keys: keys, cache: VerifiedTokens(), issuer: settings.jwtIssuer,
                            audience: settings.jwtAudience),
                        template: settings.jwtPrefixes)
                }, hasCredentials: settings.hasCredentials, policies: settings.policies)
        } catch {
            throw StartError("\(error)")
        }
        do throws(StartError) {
            files = try await CredentialFiles(settings, access: access, tokens: tokens, logger: logger)
        } catch {
            // AsyncHTTPClient stops a debug build if its client is released without this.
            try? await download?.shutdown()
            throw error
        }
    }

    /// Services that run as long as the server does.
    var services: [any Service] { [files, KeySetRefresh(tokens: tokens)] }

    /// Closes connections. Call it once, after the services have ended.
    func close() async {
        try? await download?.shutdown()
    }
}

extension URLSigner {
    /// The limits of the settings.
    init(_ settings: Settings) {
        self.init(
            longestSeconds: settings.signedURLMax.components.seconds,
            grainSeconds: settings.signedURLGrain.components.seconds)
    }
}

/// Keeps the keys of tokens fresh that come from a URL.
private struct KeySetRefresh: Service {
    let tokens: TokenKeySource?

    func run() async throws {
        await cancelWhenGracefulShutdown { await tokens?.run() }
        // If a service returned, the group would end.
        try? await gracefulShutdown()
    }
}
