import ArgumentParser
import FoundationEssentials
import TintypeSettings

/// The settings, as in every command.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file of settings. The environment wins over it.")
    var file: String?

    /// Only this property reads the environment of the process.
    private var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// The settings of this process.
    func load() throws(SettingsErrors) -> Settings {
        try Settings.load(environment: environment, file: file)
    }

    /// Variables that are set for this process and ignored, though somebody may believe that they are in force.
    var misspelled: [MisspelledVariable] { MisspelledVariable.all(in: environment) }

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
