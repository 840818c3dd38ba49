import AccessControl
import ArgumentParser
import ImageAPI
import ImageService
import Logging
import ObjectStorage
import TintypeSettings

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every setting with its default, its meaning and the value that holds, secrets masked.",
        discussion: """
            With --path, print instead which policy holds for a path, where each value comes from, and what a caller may \
            do there.
            """
    )

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print the reference page in Markdown instead; it does not depend on any setting.")
    var markdown = false

    @Option(help: "The path of an image, not encoded.")
    var path: String?

    @Option(name: .customLong("as"), help: "The caller: anonymous, key:NAME, or subject:NAME for a token.")
    var caller: String?

    func validate() throws {
        if caller != nil, path == nil { throw ValidationError("--as needs --path.") }
    }

    func run() async throws {
        if markdown {
            print(SettingsReference.page, terminator: "")
        } else if let path {
            try await explain(path)
        } else {
            print(SettingsReference.effective(try options.loadOrExit()), terminator: "")
        }
    }

    private func explain(_ text: String) async throws {
        let path: ImagePath
        do {
            path = try ImagePath(text.utf8)
        } catch {
            throw ValidationError("--path: \(error)")
        }
        let settings = try options.loadOrExit()
        let credentials: Credentials?
        do {
            credentials = try await Credentials(settings, logger: Logger(label: "tintype"))
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
        // Before anything can throw: the client of a key set must be closed.
        await credentials?.close()
        let access = credentials?.access ?? AccessControl(signer: .init(settings), hasCredentials: false)
        let (identity, note) = try identity(in: access)
        print(PolicyReference.explanation(of: path.key.bytes, settings))
        print("\(caller ?? Self.anonymous)\(note):")
        for line in AccessExplanation.all(path, by: identity, access, Composition.imagesConfiguration(settings)) {
            print(
                "  \(line.rejection == nil ? "may    " : "may not") \(line.action)\(line.rejection.map { "  (\($0))" } ?? "")"
            )
        }
    }

    private static let anonymous = "anonymous"

    /// Who is meant, and a remark about it.
    private func identity(in access: AccessControl) throws -> (Identity?, note: String) {
        let caller = caller ?? Self.anonymous
        if caller == Self.anonymous { return (nil, access.hasCredentials ? "" : ", from this machine") }
        let parts = caller.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.dropFirst().first) {
        case ("key", let name?):
            guard let key = access.apiKeys.keys.first(where: { $0.name == name }) else {
                throw ValidationError("--as: no API key has the name \(name).")
            }
            return (key.identity, "")
        case ("subject", let subject?):
            guard let identity = access.identity(ofSubject: subject, scopes: [.read, .write, .delete]) else {
                throw ValidationError("--as: no token is accepted, because none of JWT_* is set.")
            }
            return (identity, ", a token with the scopes read, write and delete, and without the claim prefixes")
        default: throw ValidationError("--as takes anonymous, key:NAME or subject:NAME.")
        }
    }
}
