import ArgumentParser
import FoundationEssentials
import TintypeSettings

/// The settings, as every command takes them.
struct SettingsOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file of settings. The environment wins over it.")
    var file: String?

    /// The settings of this process. The only place that reads its environment.
    func load() throws(SettingsErrors) -> Settings {
        try Settings.load(environment: ProcessInfo.processInfo.environment, file: file)
    }

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
