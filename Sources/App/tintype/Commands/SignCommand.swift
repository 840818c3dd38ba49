import AccessControl
import ArgumentParser
import ImageRequests
import ImageService
import Logging
import TextCoding
import TintypeSettings

struct SignCommand: AsyncParsableCommand {
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

    func run() async throws {
        do {
            _ = try ImagePath(path.utf8)
        } catch {
            throw ValidationError("\(error)")
        }
        do {
            try SignableQuery.check(query.utf8)
            _ = try Query(Array(query.utf8))
        } catch {
            throw ValidationError("--query: \(error)")
        }
        let settings = try options.loadOrExit()
        let credentials: Credentials?
        do {
            credentials = try await Credentials(settings, logger: Logger(label: "tintype"))
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
        // The keys are read; nothing is asked of a server.
        await credentials?.close()
        guard let access = credentials?.access, access.judgesSignatures else {
            throw ValidationError("URL_SIGNING_KEYS is not set.")
        }
        guard (1...access.signer.longestSeconds).contains(expiresIn) else {
            throw ValidationError("--expires-in must be 1 to \(access.signer.longestSeconds).")
        }
        let signed = access.sign(path: path.utf8, query: query, for: expiresIn, now: Timestamp.now.seconds)
        guard let signed else { throw ValidationError("URL_SIGNING_KEYS is not set.") }
        let base = settings.cdnURL?.text ?? "/api/v1/images"
        print("\(base)/\(PercentEncoding.encode(path.utf8, keepingSlashes: true))?\(signed.query)")
    }
}
