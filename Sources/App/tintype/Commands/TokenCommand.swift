import AccessControl
import ArgumentParser
import TextCoding
import TintypeSettings

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make a JSON web token for tests, signed by HS256 with JWT_HMAC_SECRET."
    )

    @OptionGroup var options: SettingsOptions

    @Option(help: "The subject.")
    var subject: String?

    @Option(help: "The scopes, separated by spaces: read, write, delete, admin.")
    var scopes = "read"

    @Option(help: "The prefixes, separated by spaces; without it the token says nothing about them.")
    var prefixes: String?

    @Option(help: "How long the token lasts, in seconds.")
    var expiresIn: Int64 = 3_600

    private struct Claims: Encodable {
        var iss: String?
        var aud: String?
        var sub: String?
        var scope: String
        var prefixes: [String]?
        var iat: Int64
        var exp: Int64
    }

    func run() throws {
        let settings = try options.loadOrExit()
        guard let text = settings.jwtSecret?.revealed else { throw ValidationError("JWT_HMAC_SECRET is not set.") }
        let now = Timestamp.now.seconds
        let claims = Claims(
            iss: settings.jwtIssuer, aud: settings.jwtAudience, sub: subject, scope: scopes,
            prefixes: prefixes?.split(separator: " ").map { String($0) }, iat: now, exp: now + expiresIn)
        guard
            let token = TestToken.sign(
                claims: Array(try JSONEncoder().encode(claims)), algorithm: .hs256, secret: try TokenSecret(text))
        else { throw ValidationError("JWT_HMAC_SECRET is too short.") }
        print(token)
    }
}
