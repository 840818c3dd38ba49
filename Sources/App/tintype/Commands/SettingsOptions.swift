import ArgumentParser
import FoundationEssentials
import ImageAPI
import TintypeSettings

/// The settings, as every command takes them.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file of settings. The environment wins over it.")
    var file: String?

    /// The only place that reads the environment of this process.
    private var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// The settings of this process.
    func load() throws(SettingsErrors) -> Settings {
        try Settings.load(environment: environment, file: file, check: RenditionRules.faults(in:))
    }

    /// What is set for this process and ignored, though somebody may believe that it is in force.
    var misspelled: [MisspelledVariable] { MisspelledVariable.all(in: environment) }

    /// The same for commands that cannot go on without them: all faults on standard error, exit code 78.
    func loadOrExit() throws -> Settings {
        do {
            return try load()
        } catch {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
    }
}
