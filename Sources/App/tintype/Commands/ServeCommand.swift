import ArgumentParser
import Logging
import Telemetry
import TintypeSettings

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Serve images over HTTP.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.loadOrExit()
        let lines = LineLogHandler.bootstrap(
            format: LineFormat(settings.logFormat), level: Logger.Level(settings.logLevel))
        let logger = Logger(label: "tintype")
        for variable in options.misspelled {
            // Without the value, which may be a secret.
            logger.warning(
                "an environment variable is no setting and is ignored",
                metadata: ["variable": "\(variable.name)", "meant": "\(variable.meant)"])
        }
        do {
            try await Composition.run(settings, lines: lines)
        } catch let error as StartError {
            StandardStreams.printError("tintype: \(error)")
            throw ExitCode(SettingsErrors.exitCode)
        }
    }
}
