import ArgumentParser
import FoundationEssentials
import TintypeSettings

/// The settings, as in every command.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file of settings. The environment wins over it.")
    var file: String?

    /// The settings of this process. Only this function reads its environment.
    func load() throws(SettingsErrors) -> Settings {
        try Settings.load(environment: ProcessInfo.processInfo.environment, file: file)
    }

    /// The same for commands that need them: prints all errors to standard error and exits with code 78.
    func loadOrExit() throws -> Settings {
        do {
            return try load()
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
    }
}
