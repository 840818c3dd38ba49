import ArgumentParser

/// The command line. Every command reads the settings in the same way; the rest is elsewhere.
@main
struct Tintype: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tintype",
        abstract: "An image server over local files or S3.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, GarbageCommand.self, ProbeCommand.self, ConfigCommand.self, HealthcheckCommand.self,
            KeyCommand.self, SignCommand.self, TokenCommand.self,
        ]
    )
}
