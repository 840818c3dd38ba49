import AccessControl
import ArgumentParser
import Logging
import TextCoding
import TintypeSettings

struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Make a signed URL for one image or rendition, with the first of URL_SIGNING_KEYS."
    )

    @OptionGroup var options: SettingsOptions

    @Argument(help: "The path of the image, not encoded.")
    var path: String

    @Option(help: "The parameters of a rendition, encoded as in a URL: w=400&format=webp.")
    var query = ""

    @Option(help: "How long the URL lasts, in seconds.")
    var expiresIn: Int64 = 3_600

    func run() throws {
        let settings = try options.loadOrExit()
        let access: AccessControl
        do {
            guard let configured = try Composition.access(settings) else {
                throw StartError("URL_SIGNING_KEYS is not set")
            }
            access = configured
            _ = try CredentialFiles(settings, access: access, logger: Logger(label: "tintype"))
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
        guard (1...access.signer.longestSeconds).contains(expiresIn) else {
            throw ValidationError("--expires-in must be 1 to \(access.signer.longestSeconds).")
        }
        guard
            let signed = access.sign(path: path.utf8, query: query, for: expiresIn, now: Timestamp.now.seconds)
        else { throw ValidationError("URL_SIGNING_KEYS is not set.") }
        let base = settings.cdnURL?.text ?? "/api/v1/images"
        print("\(base)/\(PercentEncoding.encode(path.utf8, keepingSlashes: true))?\(signed.query)")
    }
}
